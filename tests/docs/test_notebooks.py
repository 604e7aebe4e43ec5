"""The notebooks run in a kernel of their own and show tables that are short; Ctrl-C there loses nothing."""

import asyncio
import os
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "docs/notebooks").glob("*.ipynb"))
LARGEST = 100_000
"""Bytes of a shown table; pictures are a strip of five, as JPEG."""
SLOW = """
import compexact as cx, numpy as np
rng = np.random.default_rng(0)
probe = cx.probe(rng.random((4000, 60)) < 0.2, rng.random((4000, 3000)) < 0.2)
print("probed")
"""


def shown(notebook, kind="text/html") -> list[str]:
    """What cells show of this kind."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


@pytest.mark.slow
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_of_the_documentation_runs(file, tmp_path):
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    assert not shown(notebook), "it is kept without outputs"
    nbclient.NotebookClient(notebook, timeout=200, resources={"metadata": {"path": str(tmp_path)}}).execute()
    tables = shown(notebook)
    assert len(tables) >= 3
    assert all(len(table) < LARGEST and table.count("<tr>") < 20 for table in tables)


@pytest.mark.slow
def test_ctrl_c_in_a_notebook_keeps_what_was_found(tmp_path):
    """The kernel is interrupted while it explains 3,000 units; the cell ends, and the next one has the run."""
    cells = [
        SLOW,
        "run = cx.explain(probe, length=4, beam_size=40)",
        "print(0 < len(run) < 3000, run.is_finished, len(run[run.units[0]].formula.operands) > 0)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(notebook, timeout=200)

    async def interrupted() -> None:
        async with client.async_setup_kernel(cwd=str(tmp_path), env=dict(os.environ)):
            await client.async_execute_cell(notebook.cells[0], 0)
            working = asyncio.ensure_future(client.async_execute_cell(notebook.cells[1], 1))
            await asyncio.sleep(8)
            await client.km.interrupt_kernel()
            await working
            await client.async_execute_cell(notebook.cells[2], 2)

    asyncio.run(interrupted())
    assert notebook.cells[2].outputs[0].text.strip() == "True False True"

import json
import re
import runpy
from pathlib import Path

import pytest

from compexact.experiments.run.engines import ENGINES
from compexact.probes.datasets import DATASETS
from compexact.probes.nli.nli_settings import VARIANTS
from compexact.probes.preprocess import PRESETS
from compexact.probes.text.readers import TABLES
from compexact.solver.checking import PROOFS
from compexact.solver.metrics import METRICS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", ["certificates", "comparison", "own_solver", "python"])
def test_the_examples_of_a_page_run_and_print_what_it_says(follow, page):
    follow(f"{page}.md")


def test_every_page_is_in_the_table_of_contents():
    listed = set(re.findall(r"^([\w/]+)$", (DOCS / "index.md").read_text(), re.MULTILINE))
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES}
    assert pages - {"index"} == listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\{doc\}`(?:[^`<]*<)?([\w./]+)>?`", page.read_text())
    missing = [target for target in targets if not (page.parent / f"{target}.md").resolve().is_file()]
    assert missing == []


def test_files_of_the_project_that_pages_name_are_there():
    named = {
        path
        for page in PAGES
        for path in re.findall(
            r"`((?:solver|probes|experiments|encodings|tests|benchmarks)/[\w/.]+)`", page.read_text()
        )
    }
    assert len(named) > 30
    assert [path for path in sorted(named) if not (DOCS.parent / path).exists()] == []


def test_the_tables_and_schemas_that_pages_are_given_have_every_entry_of_the_registries():
    given = runpy.run_path(str(DOCS / "conf.py"))["myst_substitutions"]
    for name, said in given.items():
        pages = [page.name for page in PAGES if f"{{{{ {name} }}}}" in page.read_text()]
        assert len(pages) == 1, name
        assert said.strip(), name
    assert all(f"`{kind}:FOLDER`" in given["datasets"] for kind in DATASETS)
    assert all(f"| `{name}` | {metric.meaning} |" in given["metrics"] for name, metric in METRICS.items())
    assert all(f"| `{name}` | {engine.says} |" in given["engines"] for name, engine in ENGINES.items())
    assert all(f"`{column}`" in given["pair_formats"] for kind in TABLES for column in kind.needed)
    schemas = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", given["schemas"], re.DOTALL)]
    assert {"ProbeManifest", "ExplainHeader", "ExplainLine", "CertificateFile", "AnswerFile"} <= {
        schema["title"] for schema in schemas
    }


@pytest.mark.parametrize("page", ["certificates", "contracts"])
def test_pages_about_proofs_name_every_kind(page):
    text = (DOCS / f"{page}.md").read_text()
    assert [proof for proof in PROOFS if f"`{proof}`" not in text] == []


@pytest.mark.parametrize(
    ("page", "head", "registry"),
    [
        ("exact", "proof", PROOFS),
        ("certificates", "`proof`", PROOFS),
        ("vision", "`--preset`", PRESETS),
        ("nli", "`--variant`", VARIANTS),
    ],
)
def test_a_table_that_is_written_by_hand_has_a_row_for_every_entry(page, head, registry):
    table = re.search(
        rf"^\| {re.escape(head)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", (DOCS / f"{page}.md").read_text(), re.MULTILINE
    )
    assert re.findall(r"^\| `([\w-]+)` \|", table[1], re.MULTILINE) == list(registry)

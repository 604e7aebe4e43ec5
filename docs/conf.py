"""How `make docs` builds these pages.  Nothing is fetched: no intersphinx, no fonts, no scripts from elsewhere."""

from __future__ import annotations

import json
import pkgutil
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from compexact.experiments.questions.answer_file import AnswerFile
from compexact.experiments.run.engines import ENGINES
from compexact.experiments.run.schema import HEADERS, LINES, CertificateFile, TraceLine
from compexact.probes.datasets import DATASETS
from compexact.probes.schema import ModelConfig, ProbeManifest, ProbeNames, ShardManifest
from compexact.probes.text import snli_table
from compexact.probes.text.readers import TABLES
from compexact.solver.metrics import METRICS

ROOT = Path(__file__).resolve().parents[1]

project = "compexact"
author = "The compexact authors"
copyright = "the compexact authors"
version = release = metadata.version("compexact")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "compexact"
html_show_sphinx = False

myst_heading_anchors = 3
myst_enable_extensions = ["substitution", "colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
default_role = "code"  # docstrings write `code` as Markdown does


def _questions() -> str:
    """An autodoc directive for every file of `experiments/questions`, so that a new question needs no entry here."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(ROOT / "experiments" / "questions")]))
    modules = (f".. automodule:: compexact.experiments.questions.{name}\n   :members:\n" for name in names)
    return "```{eval-rst}\n" + "\n".join(modules) + "```"


def _table(*rows: tuple[str, ...]) -> str:
    """A table of Markdown; the first row is its head."""
    head, *rest = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rest))


def _datasets() -> str:
    own = ("`package.module:factory`", "your own class with the members of `AnnotatedImages`")
    kinds = ((f"`{kind}:FOLDER`", there) for kind, there in DATASETS.items())
    return _table(("`--dataset`", "what lies there"), *kinds, own)


def _pair_formats() -> str:
    lines = ("JSON lines", f"the same keys, such as {_names(snli_table.FORMAT.needed)}; parses are not read")
    tables = ((kind.name, f"columns {_names(kind.needed)}") for kind in TABLES)
    return _table(("format", "what it has"), lines, *tables)


def _metrics() -> str:
    return _table(("`--metric`", "fraction"), *((f"`{name}`", metric.meaning) for name, metric in METRICS.items()))


def _engines() -> str:
    """`--engine`: what each does, searches and takes."""
    rows = (
        (f"`{name}`", engine.says, ", ".join(engine.spaces), ", ".join(map(_option, engine.takes)) or "-")
        for name, engine in ENGINES.items()
    )
    return _table(("`--engine`", "", "`--space`", "takes"), *rows)


def _option(name: str) -> str:
    return f"`--{name.replace('_', '-')}`"


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _schemas() -> str:
    """The JSON schema of every file that is kept, from the type that reading it checks."""
    shown = (
        f"**{(form.__doc__ or '').strip()}**\n\n```json\n{json.dumps(form.model_json_schema(), indent=1)}\n```\n"
        for form in KEPT
    )
    return "\n".join(shown)


KEPT = (
    *(ProbeManifest, ProbeNames, ShardManifest, *HEADERS.values(), *LINES.values()),
    *(TraceLine, CertificateFile, AnswerFile, ModelConfig),
)

myst_substitutions = {
    "questions": _questions(),
    "metrics": _metrics(),
    "engines": _engines(),
    "datasets": _datasets(),
    "pair_formats": _pair_formats(),
    "schemas": _schemas(),
}


def _as_rst(lines: list[str]) -> list[str]:
    """A docstring of this project as reStructuredText.

    Paragraphs are what blank lines part: lines set in within one are no block of their own.  `name:` at the start of
    a line begins a paragraph.  Tables and indented code are shown as they are written; `- ` and `>>>` are the same in
    both.
    """
    made: list[str] = []
    for paragraph in "\n".join(lines).strip("\n").split("\n\n"):
        rows = paragraph.split("\n")
        first = rows[0].lstrip()
        if first.startswith(("|", "compexact ")) or rows[0].startswith(" "):
            made += ["::", "", *(f"    {row}" for row in rows)]
        elif first.startswith((">>>", "- ")):
            made += rows
        else:
            for row in rows:
                if re.match(r"[a-z_]+(, [a-z_]+)*: ", row):
                    made.append("")
                made.append(row.strip())
        made.append("")
    return made


def _docstring(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    lines[:] = _as_rst(lines)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _docstring)

"""Templates rendered into a folder: nothing is marked safe, and every name is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import charts, text

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Pages:
    """Writes pages below one folder of a site.

    folder: of these pages.  home: the way from there to the site's first page's folder: "" where it is the same, else
    such as "../../".  shared: what every page shows (see `base.html`).
    """

    folder: Path
    home: str
    shared: Mapping[str, Any]

    def write(self, template: str, path: str, **values: Any) -> None:
        """Render a template to `path`, seen from the folder."""
        root = "../" * path.count("/")
        page = _environment().get_template(template)
        html = page.render(root=root, home=root + self.home, is_nested=bool(self.home), **self.shared, **values)
        (self.folder / path).write_bytes(html.encode("utf-8", "replace"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "ratio": text.ratio,
        "count": text.count,
        "decimal": text.decimal,
        "heading": text.heading,
        "tokens": text.tokens,
    }
    environment.globals |= {
        "percent": text.percent,
        "share": text.share,
        "plot": charts,
    }
    return environment

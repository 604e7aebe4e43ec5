"""A report in a file: all pages one below the other, each seen when its address is asked for, with all that they show.

It needs no script for that.  A content security policy names the one style sheet and the one script by their digests.
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import posixpath
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ...probes.atomic_folder import check_output_file, new_file, write_bytes
from ...probes.progress import Progress, silent
from ...probes.regular_files import starts_with
from ...probes.store import Probe
from ...solver.errors import UsageError
from ..run.folder import Run
from .site import GENERATOR, write_report

MOST_UNITS = 50
FIRST = "index.html"
ROUTES = """
.page { display: none; } .page:target, .page.first { display: block; } .page:target ~ .first { display: none; }
"""


def write_single_file(
    run: Run,
    probe: Probe,
    file: Path,
    *,
    answers: Sequence[Path] = (),
    force: bool = False,
    on_progress: Progress = silent,
) -> Path:
    """Write the site of one run or audit (`site.write_report`) as one HTML file; give its path.

    Raises `UsageError` where the run has more than `MOST_UNITS` units, and where something lies there: `force` replaces
    a report of one file.
    """
    if len(run.records) > MOST_UNITS:
        raise UsageError(
            f"a report in a single file holds up to {MOST_UNITS} units, and the run has {len(run.records):,}; "
            "leave --single-file out, or explain fewer --units"
        )
    check_output_file(file, force=force)
    if file.exists() and not starts_with(file, GENERATOR, within=2000):
        raise UsageError(f"{file} is something else; --force replaces only what this command has made")
    with TemporaryDirectory() as folder:
        site = write_report(run, probe, Path(folder) / "site", answers=answers, on_progress=on_progress).parent
        with new_file(file) as partial:
            write_bytes(partial, _joined(site).encode("utf-8"))
    return file


def _joined(site: Path) -> str:
    names = sorted(page.relative_to(site).as_posix() for page in site.rglob("*.html"))
    names.append(names.pop(names.index(FIRST)))
    first, images = (site / FIRST).read_text(encoding="utf-8"), _Images(site)
    pages = "".join(_page(site, name, images) for name in names)
    style = (site / "assets/report.css").read_text(encoding="utf-8") + ROUTES + images.style()
    script = (site / "assets/report.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    title = first[first.index("<title>") : first.index("</title>") + len("</title>")]
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{GENERATOR}\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f'{title}\n<link rel="icon" href="{_data(site / "assets/icon.svg")}">\n<style>{style}</style>\n'
        f"</head>\n<body>\n{pages}{_between(first, 'footer')}\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _page(site: Path, name: str, images: _Images) -> str:
    text = (site / name).read_text(encoding="utf-8")
    main = _between(text, "main").replace(' id="main"', "", 1)
    body = images.moved(_between(text, "header") + main, name)
    # Quotes in names are escaped, so no name is taken for an attribute.
    body = re.sub(r'\b(href|src)="([^"]*)"', lambda found: f'{found[1]}="{_moved(site, name, found[2])}"', body)
    kind = "page first" if name == FIRST else "page"
    return f'<article class="{kind}" id="{name}">\n{body}\n</article>\n'


class _Images:
    """The pictures, each once in the style sheet: as the background of empty images, however often they are shown."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.numbers: dict[str, int] = {}

    def moved(self, text: str, page: str) -> str:
        """The page's text, its pictures replaced."""
        return re.sub(
            r'<img class="([^"]*)" src="([^"]*)"(?: width="(\d+)" height="(\d+)")?',
            lambda found: self._empty(found[1], _target(page, found[2]), found[3] or "1", found[4] or "1"),
            text,
        )

    def _empty(self, kind: str, target: str, width: str, height: str) -> str:
        number = self.numbers.setdefault(target, len(self.numbers))
        empty = f"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'/%3E"
        return f'<img class="{kind} image-{number}" src="{empty}"'

    def style(self) -> str:
        """The rules for all pictures that were moved."""
        return "".join(
            f".image-{number} {{ background: url({_data(self.site / target)}) 0 0 / 100% 100%; }}\n"
            for target, number in self.numbers.items()
        )


def _moved(site: Path, page: str, link: str) -> str:
    """Where the link leads within the file; of what is no page, the content."""
    path, _, anchor = link.partition("#")
    if not path or path.startswith("data:"):
        return link
    target = _target(page, path)
    if not target.endswith(".html"):
        return _data(site / target)
    return f"#{anchor}" if anchor and target == FIRST else f"#{target}"


def _target(page: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path))


def _data(file: Path) -> str:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"


def _between(text: str, tag: str) -> str:
    """The page's only element of this kind, with its tags."""
    return text[text.index(f"<{tag}") : text.rindex(f"</{tag}>") + len(tag) + 3]


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

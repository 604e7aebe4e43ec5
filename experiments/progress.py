"""Progress on stderr: a bar on a terminal, a line that changes in a notebook, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from ..probes.progress import Progress
from .terminal import behind, guard_streams, one_line, visible

SECONDS_BETWEEN_LINES = 15.0
SECONDS_BETWEEN_UPDATES = 0.1


@contextmanager
def progress(rows: Callable[[], Iterable[str]] = tuple) -> Iterator[Progress]:
    """Gives a function of (what is being done, how many are done, of how many).

    rows: asked many times a second for what a terminal shows below the bars.
    """
    if sys.stderr.isatty():
        with _bars(rows) as update:
            yield update
    elif type(sys.stderr).__module__.startswith("ipykernel"):
        yield _OneLine()
    else:
        yield _Lines()


@contextmanager
def _bars(rows: Callable[[], Iterable[str]]) -> Iterator[Progress]:
    from rich.console import Console, RenderableType
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress
    from rich.text import Text

    class Bars(RichProgress):
        def get_renderables(self) -> Iterable[RenderableType]:
            yield from super().get_renderables()
            for row in rows():
                yield Text(one_line(row), no_wrap=True, overflow="ellipsis")

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    tasks = {}
    # While the bars are up, rich takes what is printed and puts it above them; but what goes to a file must go there.
    console = Console(file=behind(sys.stderr))
    with Bars(*columns, console=console, redirect_stdout=sys.stdout.isatty()) as bars:
        guard_streams()

        def update(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(visible(what), total=total, rate="")
            task = bars.tasks[list(tasks).index(what)]
            rate = f"{task.speed:,.1f}/s" if task.speed else ""
            bars.update(tasks[what], completed=done, total=total, rate=rate)

        yield update


class _OneLine:
    """A line that is written over, at most ten times a second; notebooks show it so without any widget."""

    def __init__(self) -> None:
        self.what, self.started, self.printed, self.width = "", 0.0, 0.0, 0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what != self.what:
            self.what, self.started, self.printed = what, now, 0.0
        if done < total and now - self.printed < SECONDS_BETWEEN_UPDATES:
            return
        self.printed, elapsed = now, now - self.started
        left = f"about {elapsed / done * (total - done):.0f} s left" if 0 < done < total else f"{elapsed:.1f} s"
        text = f"{visible(what)}: {done:,} of {total:,}, {left}"
        print(f"\r{text:<{self.width}}", end="\n" if done == total else "", file=sys.stderr, flush=True)
        self.width = 0 if done == total else len(text)


class _Lines:
    """A line when something begins, every 15 seconds, and when it ends."""

    def __init__(self) -> None:
        self.what, self.started, self.printed = "", 0.0, 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what != self.what:
            self.what, self.started, self.printed = what, now, now
            print(f"{what}: {total:,} to do", file=sys.stderr)
        elapsed = now - self.started
        if done < total and now - self.printed >= SECONDS_BETWEEN_LINES:
            self.printed = now
            left = elapsed / max(done, 1) * (total - done)
            print(f"{what}: {done:,} of {total:,}, about {left:.0f} s left", file=sys.stderr)
        elif done == total:
            print(f"{what}: {total:,} done in {elapsed:.1f} s", file=sys.stderr)

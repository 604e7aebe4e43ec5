"""The searches at work, for a terminal: a row for each, read from the trace that they write."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from .printing import table_cell
from .run.traces import SEARCHING, TraceFile

SECONDS_BEFORE_SHOWN = 0.5
"""Shorter searches would only flicker."""
MOST_ROWS = 16


class LiveSearches:
    """Called now and then, it reads what was written since, and gives the rows."""

    def __init__(self, trace: TraceFile) -> None:
        self._path, self._read = trace.path, 0
        self._at_work: dict[tuple[str, int], tuple[float, dict[str, Any]]] = {}

    def __call__(self) -> list[str]:
        now = time.monotonic()
        for line in self._new_lines():
            key = line["unit"], line["max_length"]
            first, _ = self._at_work.pop(key, (now - line["seconds"], None))
            if line["status"] == SEARCHING:
                self._at_work[key] = first, line
        shown = [(now - first, line) for first, line in self._at_work.values() if now - first >= SECONDS_BEFORE_SHOWN]
        return [_row(seconds, line) for seconds, line in shown[-MOST_ROWS:]]

    def _new_lines(self) -> list[dict[str, Any]]:
        """Whole lines only; all of them again where the file became shorter, as when a run goes on."""
        try:
            with self._path.open("rb") as file:
                self._read = self._read if self._read <= file.seek(0, os.SEEK_END) else 0
                file.seek(self._read)
                content = file.read()
        except OSError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        return [json.loads(text) for text in whole.splitlines()]


def _row(seconds: float, line: dict[str, Any]) -> str:
    """Such as `unit 12, length 7, 4 s: 0.4984 <= 0.6212, gap 0.1228  a OR b`."""
    iou, bound, gap = (table_cell(line[field]) for field in ("iou", "bound", "gap"))
    asked = f"unit {line['unit']}, length {line['max_length']}, {seconds:.0f} s"
    return f"{asked}: {iou} <= {bound}, gap {gap}  {line['formula'] or ''}"

"""Processes that go when the one that started them is gone."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys


def die_with_parent(readiness: int) -> None:
    """On Linux: be killed when the thread that started this process ends, however that comes about.

    readiness: to be ended where memory runs out, from 0 to 1000; so the parent, which would have to tell, is spared.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
            with open("/proc/self/oom_score_adj", "w") as score:
                score.write(str(readiness))

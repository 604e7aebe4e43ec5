"""What all tests rest on."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# Tests run side by side, as many as there are processors.  Before numpy and torch are imported; children inherit it.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

sys.path.insert(0, str(Path(__file__).parent))  # the helpers of this folder can be imported by all tests

# Shells start background jobs with Ctrl-C ignored, which Python and its children inherit; the tests of Ctrl-C need it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def restored_path() -> Iterator[None]:
    """Modules of a user are looked for in the current folder, too, which joins the path for good."""
    before = sys.path.copy()
    yield
    sys.path[:] = before


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def compexact(monkeypatch, capsys) -> Callable[..., Ended]:
    """compexact("explain", probe, ...): run the command line in this process; its exit code and what it printed."""
    from compexact.experiments.cli import main

    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["compexact", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ended(ended.value.code or 0, printed.out, printed.err)

    return run

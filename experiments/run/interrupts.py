"""Ctrl-C, so that it loses nothing; and the signals that ask for the same."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

_Handler = Callable[[int, FrameType | None], Any]
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """Gives an event that the first SIGINT, SIGTERM or SIGHUP within this sets; the second raises `KeyboardInterrupt`.

    Searches look at it and give what they have.  Outside the main thread signals cannot be caught, and the event
    is never set.
    """
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    with _handled_by(ask, _SIGNALS):
        yield stop


@contextmanager
def raise_on_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP within this raise `KeyboardInterrupt`, as SIGINT does, so what is half written is cleared."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled_by(leave, _SIGNALS[1:]):
        yield


def ignore_interrupts() -> None:
    """For processes that another one stops by its own means."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _handled_by(handler: _Handler, signals: Sequence[signal.Signals]) -> Iterator[None]:
    """A process that was started with SIGHUP ignored, as `nohup` does, goes on ignoring it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [each for each in signals if each.name != "SIGHUP" or signal.getsignal(each) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)

"""A program that is asked to stop leaves nothing running: SIGTERM unwinds it as an error would."""

from __future__ import annotations

import signal
from types import FrameType


def unwind_on_sigterm() -> None:
    """Let SIGTERM raise SystemExit in the main thread, so that every block ends the servers that it has started."""
    signal.signal(signal.SIGTERM, _unwind)


def _unwind(number: int, _frame: FrameType | None) -> None:
    # A second one must not break off the closing. Not SIG_IGN, which what is started meanwhile would inherit.
    signal.signal(number, lambda *_: None)
    raise SystemExit(128 + number)

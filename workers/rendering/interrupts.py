"""Ctrl-C and its like: the first one unwinds the command, a second one ends it at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType

from workers.rendering.failures import Exit

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def install_interrupts(at_once: Callable[[], None]) -> None:
    """Turn the first signal into a KeyboardInterrupt, wherever the command stands; `at_once` runs before a hard end."""
    came = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if came:
            # The farm sees by itself that nobody uses it any more: the kernel drops our lock.
            at_once()
            os._exit(Exit.CANCELED)
        came = True
        raise KeyboardInterrupt

    for number in SIGNALS:
        # Under nohup a lost terminal is to be survived.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handle)

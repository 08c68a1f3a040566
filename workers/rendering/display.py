"""What a person sees while the job runs, on stderr: one updating block on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Protocol, TextIO

from app.client import Job
from workers.rendering.failures import write
from workers.rendering.progress_text import Line, Style, block, clock, summary, total_line

REDRAW_S = 0.125
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
CLEAR_LINE_END, CLEAR_BELOW = "\x1b[K", "\x1b[J"


class Display(Protocol):
    def say(self, message: str) -> None:
        """A line that stays."""

    def show(self, job: Job) -> None:
        """The job as it is now."""

    def close(self) -> None:
        """Leave the terminal as it was; may be called more than once."""


def open_display(stream: TextIO, environment: Mapping[str, str] = os.environ, *, quiet: bool) -> Display:
    if quiet:
        return Silence()
    if stream.isatty() and environment.get("TERM", "") not in ("", "dumb"):
        encoding = (stream.encoding or "").lower().replace("-", "")
        return Live(stream, Style(colour=not environment.get("NO_COLOR"), unicode=encoding == "utf8"))
    return Plain(stream)


class Silence:
    def say(self, message: str) -> None:
        pass

    def show(self, job: Job) -> None:
        pass

    def close(self) -> None:
        pass


class Plain:
    """A line whenever another step is done: for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = time.monotonic()
        self._last = ""

    def say(self, message: str) -> None:
        write(self._stream, message + "\n")

    def show(self, job: Job) -> None:
        doing = summary(job)
        if not job.is_terminal and doing != self._last:
            self._last = doing
            self.say(f"{clock(time.monotonic() - self._begun):>5}  {job.progress:3d} %  {doing}")

    def close(self) -> None:
        pass


class Live:
    """A block of lines that is drawn over itself. A thread of its own draws it, so that the clock goes on
    while nothing is heard; the caller's thread only lays down the job, and nothing is ever locked.
    """

    def __init__(self, stream: TextIO, style: Style) -> None:
        self._stream = stream
        self._style = style
        self._begun = time.monotonic()
        self._heard: tuple[Job, float] | None = None
        self._to_say: deque[str] = deque()
        self._drawn: list[Line] = []
        self._closed = threading.Event()
        self._drawer: threading.Thread | None = None

    def say(self, message: str) -> None:
        """Above the block while there is one, written by its drawer: two threads would write into each other."""
        if self._drawer is None:
            write(self._stream, message + "\n")
        else:
            self._to_say.append(message)

    def show(self, job: Job) -> None:
        self._heard = (job, time.monotonic())
        if self._drawer is None and not self._closed.is_set():
            self._drawer = threading.Thread(target=self._draw_on, daemon=True)
            self._drawer.start()

    def close(self) -> None:
        self._closed.set()
        if self._drawer is not None:
            self._drawer.join()
            self._drawer = None
            write(self._stream, self._erase() + self._said() + SHOW_CURSOR)
            self._drawn = []

    def restore(self) -> None:
        """Give the cursor back, from a signal's handler: no waiting, no thread."""
        if self._drawer is not None:
            os.write(self._stream.fileno(), SHOW_CURSOR.encode())

    def _draw_on(self) -> None:
        write(self._stream, HIDE_CURSOR)
        self._draw()
        while not self._closed.wait(REDRAW_S):
            self._draw()

    def _draw(self) -> None:
        if self._heard is None:
            return
        job, heard_at = self._heard
        now = time.monotonic()
        eta_s = None if job.eta_seconds is None else max(0.0, job.eta_seconds - (now - heard_at))
        size = shutil.get_terminal_size()
        style, elapsed_s = self._style, now - self._begun
        lines = block(job, elapsed_s, eta_s, size.columns, style)
        if len(lines) >= size.lines:
            lines = [total_line(job, elapsed_s, eta_s, size.columns, style)]
        # One write, and every line overwritten in place rather than erased first: nothing flickers.
        text = "".join(f"{line.text}{CLEAR_LINE_END}\n" for line in lines)
        write(self._stream, f"{self._to_top(size.columns)}{self._said()}{text}{CLEAR_BELOW}")
        self._drawn = lines

    def _said(self) -> str:
        """The lines that wait to be said, each wiped first of what stood in its place."""
        text = ""
        while self._to_say:
            text += f"{CLEAR_BELOW}{self._to_say.popleft()}\n"
        return text

    def _erase(self) -> str:
        return self._to_top(shutil.get_terminal_size().columns) + CLEAR_BELOW

    def _to_top(self, columns: int) -> str:
        """To the block's first row. A terminal made narrower since has broken its lines in two."""
        rows = sum(max(1, -(-line.cells // columns)) for line in self._drawn)
        return f"\r\x1b[{rows}A" if rows else "\r"


def restore_terminal(display: Display) -> None:
    if isinstance(display, Live):
        display.restore()

"""Where the programs' output goes: the terminal, each line under its program's name, or a log file each."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from pathlib import Path
from typing import Protocol

MAX_LOG_BYTES = 5_000_000
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
READ_BYTES = 65536


class Output(Protocol):
    """What a program writes to, and where the farm itself speaks."""

    def open(self, name: str) -> int:
        """A file descriptor for the program's stdout and stderr; the caller closes it after the start."""

    def say(self, message: str) -> None:
        """One line of the farm's own."""

    def last_lines(self, name: str, count: int = 15) -> list[str]:
        """What the program wrote last, for the message that says why the farm gave up."""


def write_line(line: str) -> None:
    """Print a line; a reader that has gone away (`scripts/up | head`) must not end the farm."""
    try:
        print(line, flush=True)
    except OSError:
        pass


class Terminal:
    """Everything on stdout, one aligned column of names; in colour where a person looks."""

    def __init__(self, names: list[str]) -> None:
        self._width = max(map(len, [*names, "farm"]))
        self._names = [*names]
        self._in_colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._recent: dict[str, deque[str]] = {}

    def open(self, name: str) -> int:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        lines = LineReader(lambda line: self._print(name, line))

        def read() -> None:
            chunk = os.read(reader, READ_BYTES)
            lines.feed(chunk)
            if not chunk:
                asyncio.get_running_loop().remove_reader(reader)
                os.close(reader)

        asyncio.get_running_loop().add_reader(reader, read)
        return writer

    def say(self, message: str) -> None:
        self._print("farm", message)

    def last_lines(self, name: str, count: int = 15) -> list[str]:
        # The lines already stand on the terminal, right above.
        return []

    def _print(self, name: str, line: str) -> None:
        label = f"{name:<{self._width}} |"
        if self._in_colour:
            number = self._names.index(name) if name in self._names else -1
            label = f"\x1b[{COLOURS[number % len(COLOURS)] if number >= 0 else 1}m{label}\x1b[0m"
        write_line(f"{label} {line}")


class LogFiles:
    """`<folder>/<name>.log` for each program; the farm's own lines go to stdout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def open(self, name: str) -> int:
        return open_log(self._folder / f"{name}.log")

    def say(self, message: str) -> None:
        write_line(message)

    def last_lines(self, name: str, count: int = 15) -> list[str]:
        return last_lines(self._folder / f"{name}.log", count)


class LineReader:
    """Cuts a stream of bytes into lines; bytes that are not UTF-8 are shown as such."""

    def __init__(self, show: LineSink) -> None:
        self._show = show
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take what was read; an empty chunk is the end, and shows what is left."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if self._rest and (not chunk or len(self._rest) > READ_BYTES):
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._show(line.decode(errors="backslashreplace").rstrip("\r"))


class LineSink(Protocol):
    def __call__(self, line: str, /) -> None: ...


def open_log(path: Path) -> int:
    """Open a log for appending; one that has grown past MAX_LOG_BYTES is first set aside as `<name>.log.1`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


def last_lines(path: Path, count: int) -> list[str]:
    """The last `count` lines of a log, read from its end; none when there is no such file."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - READ_BYTES))
            return log.read().decode(errors="backslashreplace").splitlines()[-count:]
    except OSError:
        return []

"""The Procfile: which programs make a farm, in the format that Heroku, honcho and foreman share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$")


@dataclass(frozen=True)
class Program:
    """A command for the shell, and when it stops: `stage` 0 first, higher ones after the lower have gone.

    `folder` is where it runs; None means where the farm runs its programs.
    """

    name: str
    command: str
    stage: int = 0
    folder: Path | None = None


class ProcfileError(Exception):
    """The Procfile cannot be read; the message says which line and why."""


def parse_procfile(text: str) -> list[Program]:
    """The programs in the order in which they stand; `#` starts a comment line."""
    programs: dict[str, Program] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.match(line)
        if match is None:
            raise ProcfileError(f"line {number} is not `name: command`: {line}")
        name, command = match.groups()
        if name in programs:
            raise ProcfileError(f"line {number} names {name} a second time")
        programs[name] = Program(name, command.strip())
    if "web" not in programs:
        raise ProcfileError("it names no program `web`, whose answer says that the farm is up")
    return list(programs.values())


def read_procfile(path: Path) -> list[Program]:
    try:
        return parse_procfile(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ProcfileError) as error:
        raise ProcfileError(f"{path} cannot be used: {error}") from error

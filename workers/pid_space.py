"""Whether a pid of a worker's row means a process that can be seen from here."""

from __future__ import annotations

import os
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/pid")


def pid_space() -> str | None:
    """Equal for two processes if a pid names the same process to both: one boot of one kernel, one namespace of pids.

    A host's name would not do: containers may share it and not their pids. None where the kernel does not say (macOS).
    """
    try:
        return f"{BOOT.read_text().strip()} {NAMESPACE.readlink()}"
    except OSError:
        return None


def is_alive(pid: int) -> bool:
    """Whether such a process is there; one that we may not touch is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

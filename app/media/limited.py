"""A process of its own for a stranger's file, with limits on memory and time: one that falls takes nothing along.

`python -m MODULE DEMUXER PATH` limits itself (`limit_this_process`), reads the file and prints one JSON value.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.domain.errors import UnsupportedMedia
from app.domain.machine_faults import machine_faults

# Of address space: what is really used stays far below.
MEMORY_BYTES = 1_500_000_000
CPU_S = 25
READ_WITHIN_S = 30.0


def read_in_process(module: str, demuxer: str, path: Path, what: str, accepted: str) -> Any:
    """What `module` finds in the file at `path`; UnsupportedMedia when it falls or never ends. `what`: "video"."""
    command = [sys.executable, "-m", module, demuxer, str(path.absolute())]
    root = Path(__file__).parents[2]
    # NumPy's threads would each reserve memory, which is limited.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    try:
        with machine_faults(f"starting a process that reads the {what}"):
            done = subprocess.run(
                command,
                capture_output=True,
                timeout=READ_WITHIN_S,
                check=False,
                env=environment,
                stdin=subprocess.DEVNULL,
            )
    except subprocess.TimeoutExpired:
        raise UnsupportedMedia(f"The {what} takes too long to be read. {accepted}") from None
    try:
        return json.loads(done.stdout)
    except ValueError:
        # It fell, or ran into its limits.
        raise UnsupportedMedia(f"The {what} is damaged or cut short. {accepted}") from None


@contextmanager
def limit_this_process() -> Iterator[None]:
    """Limits for good on time; on memory from the end of the block on, in which the libraries are loaded."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    yield
    # Limited only now: the libraries map much that they never touch.
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

"""What an effect leaves behind goes with it, and what was there before stays whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.media.children import no_children_left

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who started whom")

# Starts a process for each line that it is sent, and says which and how it ended.
SERVER = """
import subprocess, sys
for line in sys.stdin:
    child = subprocess.Popen(["sleep", "0.3"])
    print(child.pid, flush=True)
    print(child.wait(), flush=True)
"""


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield server


def test_a_server_that_was_there_keeps_what_it_starts_meanwhile(server: subprocess.Popen[str]) -> None:
    assert server.stdin is not None and server.stdout is not None
    with no_children_left():
        server.stdin.write("work\n")
        server.stdin.flush()
        # Once it has said its child's id, that child is there.
        assert int(server.stdout.readline())
        left_behind = subprocess.Popen(["sleep", "60"])
    assert int(server.stdout.readline()) == 0
    assert server.poll() is None
    assert not Path("/proc", str(left_behind.pid)).exists()
    left_behind.wait()

"""What the long-running programs of the tests and benchmarks leave behind when they are told to stop: nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from workers.pid_space import is_alive

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import time
from tests.servers import RedisServer
from tests.stopping import unwind_on_sigterm
unwind_on_sigterm()
with RedisServer() as server:
    print(server.pid, server._data, flush=True)
    time.sleep(60)
"""


def test_a_program_that_is_told_to_stop_takes_its_servers_with_it() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        pid, folder = program.stdout.readline().split()
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=30) == 128 + signal.SIGTERM
    assert not is_alive(int(pid)) and not Path(folder).exists()

"""A real farm of small stand-in programs: the supervisor, guardian and broker are the product's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from config.settings import load_settings
from workers.embedded import remove_socket
from workers.home import FarmRecord, read_farm_record
from workers.process_tree import running_processes

ROOT = Path(__file__).resolve().parents[1]
WITHIN_S = 30.0

WEB = """
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

ThreadingHTTPServer(("127.0.0.1", int(os.environ["SCENEWORKS_PORT"])), Healthy).serve_forever()
"""
# A worker as bad as they come: a pool process in its group, and a tool of that in a session of its own.
CPU = """
import os, subprocess, sys, time
tool = [sys.executable, "-c", "import time; time.sleep(600)"]
subprocess.Popen([sys.executable, "-c", f"import subprocess; subprocess.run({tool}, start_new_session=True)"])
print("working with", os.environ["SCENEWORKS_CPU_SLOTS"], flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""
PROGRAMS = {"web": "python web.py", "cpu": "python cpu.py"}


def write_programs(folder: Path, programs: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in {"web.py": WEB, "cpu.py": CPU, "stubborn.py": STUBBORN}.items():
        (folder / name).write_text(source)
    procfile = folder / "Procfile"
    procfile.write_text("".join(f"{name}: {command}\n" for name, command in programs.items()))
    return procfile


class FarmProcess:
    """`python -m workers.farm` on a data folder. Leaves nothing behind, and `close` says so if it did."""

    def __init__(self, home: Path, *options: str, programs: dict[str, str] | None = None, **environment: str) -> None:
        self.home = home
        procfile = write_programs(home.parent / f"{home.name[:20]} programs", programs or PROGRAMS)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workers.farm", "--port", "0", "--procfile", str(procfile), *options],
            cwd=ROOT,
            env={**os.environ, "SCENEWORKS_HOME": str(home), "REDIS_URL": "", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @property
    def record(self) -> FarmRecord:
        """farm.json, once this farm is up and has written its own."""
        found: list[FarmRecord] = []

        def is_up() -> bool:
            record = read_farm_record(self.home / "farm.json")
            found[:] = [record] if record is not None and record.pid == self.process.pid else []
            return bool(found) or self.process.poll() is not None

        eventually(is_up)
        assert found, self.process.communicate()[0]
        return found[0]

    def pid_of(self, command: str) -> int:
        """The pid of the farm's program whose command line holds `command`, once it runs."""
        found: list[int] = []

        def look() -> bool:
            found[:] = [pid for pid in processes_of(self.home) if command in command_of(pid)]
            return bool(found)

        eventually(look)
        return found[0]

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Wait for the farm's end; its exit code and all that it printed."""
        output, _ = self.process.communicate(timeout=WITHIN_S)
        return self.process.returncode, output

    def kill(self) -> None:
        self.process.kill()

    def close(self) -> None:
        self.kill()
        self.process.communicate()
        eventually(lambda: not processes_of(self.home))
        remove_socket(self.home / "broker", load_settings({"SCENEWORKS_HOME": str(self.home)}).broker_socket)


def processes_of(home: Path) -> list[int]:
    """The pids of every process that was given this data folder, whoever its parent is by now."""
    mark = f"SCENEWORKS_HOME={home} "
    # The broker writes its title over its environment.
    title = f"unixsocket:{load_settings({'SCENEWORKS_HOME': str(home)}).broker_socket}"
    pids = [process.pid for process in running_processes()]
    return [pid for pid in pids if mark in environment_of(pid) or title in command_of(pid)]


def environment_of(pid: int) -> str:
    return _ask(pid, "environ", ["-E", "-o", "command="])


def command_of(pid: int) -> str:
    return _ask(pid, "cmdline", ["-o", "command="])


def _ask(pid: int, name: str, options: list[str]) -> str:
    if not Path("/proc/self").exists():
        return subprocess.run(["ps", "-ww", "-p", str(pid), *options], capture_output=True, text=True).stdout
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fail when it never is."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)

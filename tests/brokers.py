"""The broker of a farm under test, to be killed, frozen, emptied and asked."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator

import redis

from config.settings import Settings
from tests.real_farm import RealFarm
from tests.servers import RedisServer
from tests.waiting import wait_for

POLL_S = 0.02


class Broker(ABC):
    """What is the same for both: the embedded one and a Redis over TCP."""

    def __init__(self, settings: Settings) -> None:
        self._client = make_client(settings)

    @abstractmethod
    def pid(self) -> int: ...

    @abstractmethod
    def away(self) -> contextlib.AbstractContextManager[None]:
        """Killed with kill -9, and not there for as long as the block."""

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stopped in its tracks for as long as the block: its socket takes connections, and nobody answers."""
        pid = self.pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def empty(self) -> None:
        """Lose everything, and begin to count the doorbells anew."""
        self._client.config_resetstat()
        self._client.flushall()

    def doorbells(self) -> int:
        """How many have been rung since it was emptied: kombu pushes each onto the list that is its queue."""
        return int(self._client.info("commandstats").get("cmdstat_lpush", {"calls": 0})["calls"])

    def close(self) -> None:
        self._client.close()


class EmbeddedBroker(Broker):
    """The farm's own, which the farm starts again as often as it is killed."""

    def __init__(self, farm: RealFarm) -> None:
        super().__init__(farm.settings)
        self._farm = farm

    def pid(self) -> int:
        return wait_for(self._pids, what="a broker")[0]

    def _pids(self) -> list[int]:
        return self._farm.pids("unixsocket:")

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        back = threading.Event()
        killer = threading.Thread(target=self._kill_until, args=(back,))
        killer.start()
        try:
            yield
        finally:
            back.set()
            killer.join()
            self.pid()

    def _kill_until(self, back: threading.Event) -> None:
        while not back.wait(POLL_S):
            for pid in self._pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


class TcpBroker(Broker):
    """A server that keeps nothing: what it held is lost when it is killed."""

    def __init__(self, farm: RealFarm, server: RedisServer) -> None:
        super().__init__(farm.settings)
        self._server = server

    def pid(self) -> int:
        return self._server.pid

    def away(self) -> contextlib.AbstractContextManager[None]:
        return self._server.away()


def make_client(settings: Settings) -> redis.Redis:
    if settings.redis_url is None:
        return redis.Redis(unix_socket_path=str(settings.broker_socket))
    return redis.Redis.from_url(settings.redis_url)

"""The end of a task in a thread ends the wait of the worker's event loop."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator

import pytest
from celery.concurrency.thread import TaskPool
from kombu.asynchronous import Hub

from workers.waking_threads import wake_when_done


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.close()


@pytest.fixture
def pool() -> Iterator[TaskPool]:
    pool = TaskPool(limit=1)
    pool.start()
    yield pool
    pool.stop()


def is_woken(hub: Hub, within_s: float) -> bool:
    return bool(select.select(list(hub.readers), [], [], within_s)[0])


def forget(_: object) -> None:
    """What the pool does with a task's result."""


def hear(hub: Hub) -> None:
    """What the loop does when it is woken."""
    for listen, args in list(hub.readers.values()):
        listen(*args)


def test_a_task_that_is_done_wakes_the_loop_and_one_that_runs_does_not(hub: Hub, pool: TaskPool) -> None:
    wake_when_done(hub, pool)
    go_on = threading.Event()
    pool.apply_async(go_on.wait, args=(30,), callback=forget)
    assert not is_woken(hub, 0.0)
    go_on.set()
    assert is_woken(hub, 30.0)
    hear(hub)
    assert not is_woken(hub, 0.0)


def test_it_wakes_also_after_a_connection_was_lost(hub: Hub, pool: TaskPool) -> None:
    wake_when_done(hub, pool)
    pool.apply_async(int, callback=forget).wait(30)
    hub.reset()
    assert not hub.readers
    pool.apply_async(int, callback=forget)
    assert is_woken(hub, 30.0)


def test_many_ends_that_nobody_hears_are_no_error(hub: Hub, pool: TaskPool) -> None:
    wake_when_done(hub, pool)
    # More of them than a pipe holds.
    for ended in [pool.apply_async(int, callback=forget) for _ in range(70_000)]:
        ended.wait(30)
    assert is_woken(hub, 0.0)

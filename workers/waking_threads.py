"""A worker of threads learns at once that one is free again."""

from __future__ import annotations

import os
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from celery.concurrency.thread import ApplyResult
from celery.concurrency.thread import TaskPool as ThreadPool
from kombu.asynchronous import Hub

READ_BYTES = 4096


def wake_when_done(hub: Hub, pool: ThreadPool) -> None:
    """Let the end of each task end the event loop's wait.

    Without prefetching the loop asks the broker for as many messages as there are free slots. A process that is done
    says so through a pipe that the loop listens to; a thread says nothing, and the loop would sleep until its next
    timer, half a second at worst, while messages wait for free threads.
    """
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    apply = pool.on_apply

    def listen() -> None:
        os.read(reader, READ_BYTES)

    def wake(_: Future[Any]) -> None:
        # A pipe that is full wakes it as well.
        with suppress(BlockingIOError):
            os.write(writer, b".")

    def on_apply(*args: Any, **kwargs: Any) -> ApplyResult:
        # A connection that was lost takes everything with it that the loop listened to.
        if reader not in hub.readers:
            hub.add_reader(reader, listen)
        result = apply(*args, **kwargs)
        result.f.add_done_callback(wake)
        return result

    pool.on_apply = on_apply

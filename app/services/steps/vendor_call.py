"""A vendor's answer, awaited for as long as the step is ours: a hanging call must not hold a canceled step's slot."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import TypeVar

LOOK_EVERY_S = 0.2
T = TypeVar("T")


def await_call(call: Callable[[], T], report: Callable[[float], None]) -> T:
    """What `call()` returns or raises; LeaseLost from `report` as soon as the step is canceled or taken back.

    A call that is left goes on in its thread until its own deadline, and nobody hears its answer: a socket that is
    being read cannot be closed from outside in a way that every HTTP library survives.
    """
    answer: Future[T] = Future()
    context = copy_context()

    def ask() -> None:
        try:
            answer.set_result(context.run(call))
        except BaseException as error:
            answer.set_exception(error)

    # A daemon: a worker that is told to stop does not wait for an answer that nobody wants any more.
    threading.Thread(target=ask, name="vendor-call", daemon=True).start()
    while not wait([answer], timeout=LOOK_EVERY_S).done:
        report(0.0)
    return answer.result()

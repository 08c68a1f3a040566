"""A vendor's answer, awaited for as long as the step is ours: a hanging call must not hold a canceled step's slot."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import TypeVar

from app.providers.line import Line

LOOK_EVERY_S = 0.2
T = TypeVar("T")


def await_call(call: Callable[[Line], T], report: Callable[[float], None]) -> T:
    """What `call(line)` returns or raises; LeaseLost from `report` as soon as the step is canceled or taken back.

    Then the line is hung up. The thread of a call that has no connection yet goes on until it has one or gives up.
    """
    answer: Future[T] = Future()
    line = Line()
    context = copy_context()

    def ask() -> None:
        try:
            answer.set_result(context.run(call, line))
        except BaseException as error:
            answer.set_exception(error)

    # A daemon: a worker that is told to stop does not wait for an answer that nobody wants any more.
    threading.Thread(target=ask, name="vendor-call", daemon=True).start()
    try:
        while not wait([answer], timeout=LOOK_EVERY_S).done:
            report(0.0)
    finally:
        line.hang_up()
    return answer.result()

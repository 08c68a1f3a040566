"""The doorbell of webhooks: there may be deliveries. It carries nothing, and starts none by itself.

A delivery is no task of its own: docs/decisions/0027-webhooks-are-sent-by-a-loop.md.
"""

from __future__ import annotations

from collections.abc import Callable

from celery import shared_task

DELIVER = "webhook.deliver"

_wake: Callable[[], None] | None = None


def on_doorbell(wake: Callable[[], None]) -> None:
    """Whom to wake in this process; called once, before its first task."""
    global _wake
    _wake = wake


@shared_task(name=DELIVER, ignore_result=True)
def answer_doorbell() -> None:
    if _wake is not None:
        _wake()

"""Celery as its tutorial has it: a task that does nothing, and no result. `BROKER_URL` names the broker."""

from __future__ import annotations

import os

from celery import Celery

app = Celery("bare", broker=os.environ["BROKER_URL"])
app.conf.task_ignore_result = True


@app.task(name="noop")
def noop(number: int) -> None:
    pass

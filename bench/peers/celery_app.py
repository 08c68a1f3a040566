"""Celery with late acknowledgement, which is how its handbook would not lose a task. Run as a program, it sends one."""

from __future__ import annotations

from celery import Celery

from bench.peers.long_work import REDIS_URL, work_long

app = Celery("peer", broker=REDIS_URL)


@app.task(name="work", acks_late=True)
def work() -> None:
    work_long()


if __name__ == "__main__":
    work.delay()

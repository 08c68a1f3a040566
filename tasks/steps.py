"""One task for each kind of step, named by the kind, so that Flower reads like the pipeline.

Which queue a step's doorbell goes to is the database's word (the step's pool), not the task's: the same
narration runs on the CPU pool with a local voice and on the I/O pool with a vendor's.
"""

from __future__ import annotations

from celery import Task, shared_task

from app.domain.plan import StepKind
from app.services.run_step import run_step
from tasks.process import this_process


def make_task(kind: str) -> Task:
    @shared_task(name=kind, ignore_result=True)
    def answer_doorbell(step_id: int) -> None:
        process = this_process()
        run_step(process.farm, process.heartbeat, step_id, worker=process.worker)

    return answer_doorbell


TASKS = {kind: make_task(kind) for kind in StepKind.ALL}

"""Deaths that are seen: what the dead held is taken back at once, and no lease need run out first.

A process is seen to be dead by whoever shares its pids: the worker that it was a child of, and the dispatcher and
every worker that starts on the same host. Deaths that nobody sees are left to the leases.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import delete, select, text

from app.domain.errors import LeaseLost
from app.models import Step, Worker
from app.models.database import Database
from app.models.step import IS_LEASED
from app.services.take_back import take_back


def take_back_from_dead(database: Database, pid_space: str | None, is_alive: Callable[[int], bool]) -> int:
    """Take back the steps of the workers of this `pid_space` whose process is gone, and forget them; how many steps.

    None is a host that does not say which processes share its pids: nobody is seen there.
    """
    if pid_space is None:
        return 0
    with database.read() as session:
        workers = session.execute(select(Worker.name, Worker.pid).where(Worker.pid_space == pid_space)).tuples().all()
    dead = [name for name, pid in workers if not is_alive(pid)]
    return sum(_bury(database, name) for name in dead)


def take_back_from_child(database: Database, step_id: int, worker: str, death: str) -> bool:
    """Take back the step at which a child of `worker` has died; `death` says how (`signal 9 (SIGKILL)`).

    False while someone else holds its job; LeaseLost when the worker runs no such step (any more).
    """
    with database.read() as session:
        job_id = session.scalar(select(Step.job_id).where(text(IS_LEASED), Step.id == step_id, Step.worker == worker))
    if job_id is None:
        raise LeaseLost("The worker does not run this step.")
    return _take_back_from(
        database, step_id, job_id, worker, lambda step: f"The process that did {step.name} has died: {death}."
    )


def _bury(database: Database, name: str) -> int:
    with database.read() as session:
        held = session.execute(select(Step.id, Step.job_id).where(text(IS_LEASED), Step.worker == name)).tuples().all()
    taken = sum(_take_back_from(database, step_id, job_id, name, _death) for step_id, job_id in held)
    if taken == len(held):
        # Its row goes last: while a step of it is locked by someone, the next look must find it dead again.
        with database.begin() as session:
            session.execute(delete(Worker).where(Worker.name == name))
    return taken


def _death(step: Step) -> str:
    return f"The worker {step.worker} has died during {step.name}."


def _take_back_from(database: Database, step_id: int, job_id: int, worker: str, why: Callable[[Step], str]) -> bool:
    return take_back(database, step_id, job_id, is_lost=lambda step, _: step.worker == worker, why=why)

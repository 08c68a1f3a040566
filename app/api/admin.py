"""What operators see and steer: pools and workers serve every organisation."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint
from flask import Response

import app
from app.api.acceptance import kept_answer
from app.api.admin_schemas import (
    PAUSE_EXAMPLES,
    Canary,
    CanaryAnswer,
    Pause,
    PauseRequest,
    PoolAnswer,
    PoolList,
    PoolListAnswer,
    PoolState,
    Status,
    StatusAnswer,
    StuckList,
    StuckListAnswer,
    StuckStep,
    WorkerAnswer,
    WorkerList,
    WorkerListAnswer,
    WorkerState,
)
from app.api.answers import success
from app.api.context import current_farm
from app.api.facts import Facts, SentAgain
from app.services.canary import view_canary
from app.services.find_stuck import view_stuck
from app.services.pools import PoolView, pause_pool, resume_pool, view_pools
from app.services.workers import drain_worker, view_workers

admin = APIBlueprint("admin", __name__, tag="Operations")


@admin.get("/api/status")
@admin.output(StatusAnswer)
@admin.doc(operation_id="getStatus")
def status() -> Response:
    """Look at the farm

    Its version, and its workers, each with the encoder that it makes clips with and why.
    """
    return success(Status(version=app.__version__, workers=_workers()))


@admin.get("/api/admin/pools")
@admin.output(PoolListAnswer)
@admin.doc(operation_id="listPools")
def pools() -> Response:
    """List the pools

    Their slots, what runs, what is ready, what waits, and whether they are paused.
    """
    return success(PoolList(items=[_present_pool(pool) for pool in view_pools(current_farm().database)]))


@admin.post("/api/admin/pools/<pool>/pause")
@admin.input(PauseRequest, examples=PAUSE_EXAMPLES)
@admin.output(PoolAnswer)
@admin.doc(operation_id="pausePool")
@Facts(SentAgain.KEPT)
def pause(pool: str, json_data: PauseRequest) -> Response:
    """Pause a pool

    What runs is finished and nothing more begins. Jobs with nothing else to do get the status `waiting`. Pausing it
    again changes the reason and the end.
    """
    database, reason = current_farm().database, json_data.reason
    until = None if json_data.until is None else json_data.until.timestamp()
    return kept_answer(json_data, lambda asked: _present_pool(pause_pool(database, asked, pool, reason, until)))


@admin.post("/api/admin/pools/<pool>/resume")
@admin.output(PoolAnswer)
@admin.doc(operation_id="resumePool")
@Facts(SentAgain.KEPT)
def resume(pool: str) -> Response:
    """Resume a pool

    Changes nothing when it is not paused.
    """
    return kept_answer(None, lambda asked: _present_pool(resume_pool(current_farm().database, asked, pool)))


@admin.get("/api/admin/workers")
@admin.output(WorkerListAnswer)
@admin.doc(operation_id="listWorkers")
@Facts(leads_to={"drainWorker": {"worker": "items/0/name"}})
def workers() -> Response:
    """List the workers

    Those that are there, and for ten minutes those that went without a word.
    """
    return success(WorkerList(items=_workers()))


@admin.post("/api/admin/workers/<worker>/drain")
@admin.output(WorkerAnswer)
@admin.doc(operation_id="drainWorker", responses={409: "It has not been heard of lately"})
@Facts(SentAgain.KEPT)
def drain(worker: str) -> Response:
    """Drain a worker

    Within seconds it takes nothing more; it finishes what it has, hands back what takes too long, and ends. Whatever
    keeps it running then starts a fresh one.
    """
    return kept_answer(None, lambda asked: WorkerState(**asdict(drain_worker(current_farm().database, asked, worker))))


@admin.get("/api/admin/stuck")
@admin.output(StuckListAnswer)
@admin.doc(operation_id="listStuckSteps")
def stuck() -> Response:
    """List what is stuck

    Steps that do not get on, each with the reason. Most of it the farm mends by itself; what stays here needs a look.
    """
    found = view_stuck(current_farm().database)
    return success(StuckList(items=[StuckStep(**asdict(step)) for step in found]))


@admin.get("/api/admin/canary")
@admin.output(CanaryAnswer)
@admin.doc(operation_id="getCanary")
def canary() -> Response:
    """Look at the canary

    When the farm last made a whole video for itself, and how long that took.
    """
    return success(Canary(**asdict(view_canary(current_farm()))))


def _workers() -> list[WorkerState]:
    return [WorkerState(**asdict(worker)) for worker in view_workers(current_farm().database)]


def _present_pool(pool: PoolView) -> PoolState:
    return PoolState(
        name=pool.name,
        workers=pool.workers,
        slots=pool.slots,
        running=pool.running,
        ready=pool.ready,
        waiting=pool.waiting,
        oldest_age_s=pool.oldest_age_s,
        paused=None if pool.pause is None else Pause(**asdict(pool.pause)),
    )

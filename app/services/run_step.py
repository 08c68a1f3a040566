"""Run one step from its doorbell to its commit: claim, adopt or do, finish or fail, and call what follows."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import structlog

from app.domain.errors import LeaseLost, NotFound, SceneworksError, StepError, StorageFull, TransientError
from app.domain.ids import canonical_hash
from app.models.database import is_connection_trouble
from app.services.claim_step import Claim, claim_step
from app.services.dispatch import dispatch
from app.services.fail_step import fail_step
from app.services.farm import Farm
from app.services.finish_step import Finished, adoptable, finish_step
from app.services.leases import LeaseKey
from app.services.steps import HANDLERS
from app.services.steps.handler import Bench, StepHandler
from app.services.sweep_work import work_folder
from app.storage.protocol import Blob

log = structlog.get_logger()

COMMIT_RETRY_EVERY_S = 0.5


class Lease(Protocol):
    """A lease that someone keeps beating."""

    def report(self, fraction: float) -> None:
        """Note the progress (0 to 1); LeaseLost when the step is not ours any more."""


class Heartbeat(Protocol):
    """Beats for the leases of this process while it holds them."""

    def hold(self, key: LeaseKey) -> AbstractContextManager[Lease]: ...


def run_step(farm: Farm, heartbeat: Heartbeat, step_id: int, worker: str) -> None:
    """Answer a doorbell. Returns whatever became of the step: the outcome is in the database."""
    claim = claim_step(farm.database, step_id, worker, farm.lease_ttl_s)
    if claim is None:
        log.debug("doorbell_unanswered", step_id=step_id)
        return
    started = time.monotonic()
    with structlog.contextvars.bound_contextvars(
        job_id=claim.job_public_id,
        correlation_id=claim.correlation_id,
        step=claim.name,
        attempt=claim.attempt,
    ):
        try:
            with heartbeat.hold(LeaseKey(claim.step_id, claim.token)) as lease:
                _run_claimed(farm, claim, lease)
            log.info("step_done", elapsed_s=round(time.monotonic() - started, 3))
        except LeaseLost as error:
            log.info("step_let_go", reason=error.message)
        finally:
            _call_next(farm)


def _call_next(farm: Farm) -> None:
    try:
        dispatch(farm.database, farm.bell, farm.limits)
    except Exception as error:
        if not is_connection_trouble(error):
            raise
        # The dispatcher calls them as soon as the database is back.
        log.warning("dispatch_postponed", reason=str(error).splitlines()[0])


def _run_claimed(farm: Farm, claim: Claim, lease: Lease) -> None:
    try:
        result = _result_of(farm, claim, lease)
    except LeaseLost:
        raise
    except Exception as error:
        failure = as_step_error(error)
        log.warning("step_failed", error_code=failure.code, error=failure.message, exc_info=failure.code == "INTERNAL")
        _commit(lambda: fail_step(farm.database, claim, failure), lease)
    else:
        _commit(lambda: finish_step(farm.database, claim, result), lease)


def _result_of(farm: Farm, claim: Claim, lease: Lease) -> Finished:
    """The step's result: an earlier one's with the same input if there is one, else by doing the work."""
    handler = HANDLERS[claim.kind]
    work = handler.work(farm, claim)
    input_hash = canonical_hash({"kind": claim.kind, "version": handler.version, "work": work})
    if handler.is_adoptable and not claim.fresh:
        for known in adoptable(farm.database, claim, input_hash):
            if all(farm.storage.has(blob.sha256) for blob in known.outputs.values()):
                return _finished(farm, handler, claim, input_hash, known.outputs, known.facts, adopted=True)
    folder = work_folder(farm.work_dir, claim.step_id, claim.token)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        outcome = handler.run(farm, claim, Bench(folder, lease.report))
        # Asked before the bytes are kept: a canceled step leaves nothing new in storage.
        lease.report(1.0)
        outputs = {name: farm.storage.put(file.path, file.media_type) for name, file in outcome.files.items()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _finished(farm, handler, claim, input_hash, outputs, outcome.facts, adopted=False)


def _finished(
    farm: Farm,
    handler: StepHandler,
    claim: Claim,
    input_hash: str,
    outputs: Mapping[str, Blob],
    facts: Mapping[str, Any],
    *,
    adopted: bool,
) -> Finished:
    follow = handler.follow(farm, claim, outputs)
    return Finished(input_hash, outputs, facts, follow, publishes=handler.publishes, adopted=adopted)


def _commit(commit: Callable[[], None], lease: Lease) -> None:
    """Commit, trying again while the database is away for as long as the lease is still ours."""
    while True:
        try:
            return commit()
        except Exception as error:
            if not is_connection_trouble(error):
                raise
            log.warning("commit_postponed", reason=str(error).splitlines()[0])
        time.sleep(COMMIT_RETRY_EVERY_S)
        lease.report(1.0)


def as_step_error(error: Exception) -> SceneworksError:
    """Any exception as one of the tree; what is not foreseen is INTERNAL, and is tried again up to its limit."""
    match error:
        case StepError():
            return error
        case NotFound():
            return TransientError(f"An input of the step is missing from storage: {error.message}")
        case SceneworksError():
            return error
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return StorageFull("The disk of the worker is full. Free some space; the work resumes by itself.")
        case MemoryError():
            return TransientError("The worker ran out of memory.")
    return SceneworksError(f"An unforeseen error: {type(error).__name__}: {error}")

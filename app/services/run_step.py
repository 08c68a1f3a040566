"""Run one step from its doorbell to its commit: claim, adopt or do, finish or fail, and call what follows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.domain.errors import LeaseLost, NotFound, SceneworksError, ServiceUnavailable, StepError, TransientError
from app.domain.ids import canonical_hash
from app.domain.machine_faults import is_machines, machine_fault, words_of
from app.models.database import first_line, is_connection_trouble
from app.services.adoption import Known, adoptable
from app.services.claim_step import Claim, claim_step
from app.services.dispatch import dispatch_now_or_later
from app.services.error_words import error_words
from app.services.fail_step import fail_step
from app.services.farm import Farm
from app.services.finish_step import Finished, finish_step
from app.services.leases import LeaseKey
from app.services.pass_on import pass_on
from app.services.receipts import call_key, drop_receipt, find_receipt, keep_receipt
from app.services.steps import HANDLERS
from app.services.steps.handler import Bench, StepHandler
from app.services.sweep_work import work_folder

log = structlog.get_logger()

DATABASE_RETRY_EVERY_S = 0.5
T = TypeVar("T")


class Lease(Protocol):
    """A lease that someone keeps beating."""

    def report(self, fraction: float) -> None:
        """Note the progress (0 to 1); LeaseLost when the step is not ours any more."""


class Heartbeat(Protocol):
    """Beats for the leases of this process while it holds them."""

    def hold(self, key: LeaseKey) -> AbstractContextManager[Lease]: ...


def run_step(farm: Farm, heartbeat: Heartbeat, step_id: int, worker: str) -> None:
    """Answer a doorbell. Returns whatever became of the step: the outcome is in the database."""
    try:
        claim = claim_step(farm.database, step_id, worker, farm.lease_ttl_s, farm.limits)
    except SQLAlchemyError as error:
        if not is_connection_trouble(error):
            raise
        # It is rung again; and if the claim was made and only its answer lost, the lease runs out.
        log.warning("doorbell_not_answered", step_id=step_id, reason=first_line(error))
        return
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
                ended_as = _run_claimed(farm, claim, lease)
            log.info(ended_as, elapsed_s=round(time.monotonic() - started, 3))
        except LeaseLost as error:
            log.info("step_let_go", reason=error.message)
        finally:
            dispatch_now_or_later(farm.database, farm.bell, farm.limits)


def _run_claimed(farm: Farm, claim: Claim, lease: Lease) -> str:
    """What became of the step, as its line in the log says it."""
    if claim.work_pool is not None:
        return _look_up(farm, claim, lease)
    try:
        # What cannot be committed is a failure too: let through, it would look like a worker that was lost.
        _commit(farm, claim, _result_of(farm, claim, lease), lease)
    except LeaseLost:
        raise
    except Exception as error:
        failure = as_step_error(error)
        words = error_words(failure.message)
        log.warning("step_failed", error_code=failure.code, error=words, exc_info=failure.code == "INTERNAL")
        _store_failure(farm, claim, failure, lease)
        return "step_ended"
    return "step_done"


def _store_failure(farm: Farm, claim: Claim, failure: SceneworksError, lease: Lease) -> None:
    try:
        _patiently(lambda: fail_step(farm.database, claim, failure), lease)
    except LeaseLost:
        raise
    except Exception:
        log.exception("failure_not_stored")
        # Nothing of the failure is in it, so that nothing of the failure is in its way.
        untold = SceneworksError("The step failed, and its error cannot be stored; the log of its worker has it.")
        _patiently(lambda: fail_step(farm.database, claim, untold), lease)


def _look_up(farm: Farm, claim: Claim, lease: Lease) -> str:
    """Adopt the step's result for the pool that would have to do it, or pass the step on to that pool."""
    try:
        result = _known_result(farm, claim, _input_hash(farm, claim, lease), lease)
    except LeaseLost:
        raise
    except Exception as error:
        # Whoever does the work has what this worker lacks, and says what is wrong where anything is.
        log.info("step_not_looked_up", reason=str(error))
        result = None
    if result is None:
        _patiently(lambda: pass_on(farm.database, claim), lease)
        return "step_passed_on"
    _commit(farm, claim, result, lease)
    return "step_done"


def _commit(farm: Farm, claim: Claim, result: Finished, lease: Lease) -> None:
    _patiently(lambda: finish_step(farm.database, claim, result), lease)
    drop_receipt(farm.storage, claim, result.input_hash)


def _result_of(farm: Farm, claim: Claim, lease: Lease) -> Finished:
    """The step's result: an earlier one's with the same input if there is one, else by doing the work."""
    input_hash = _input_hash(farm, claim, lease)
    known = _known_result(farm, claim, input_hash, lease)
    if known is not None:
        return known
    done = _do(farm, HANDLERS[claim.kind], claim, input_hash, lease)
    keep_receipt(farm.storage, claim, input_hash, done)
    return _finished(farm, claim, input_hash, done, lease, adopted=False)


def _input_hash(farm: Farm, claim: Claim, lease: Lease) -> str:
    handler = HANDLERS[claim.kind]
    work = _patiently(lambda: handler.work(farm, claim), lease)
    return canonical_hash({"kind": claim.kind, "version": handler.version, "work": work})


def _known_result(farm: Farm, claim: Claim, input_hash: str, lease: Lease) -> Finished | None:
    """What an attempt has received already, else what an earlier step with the same input gave; None without either."""
    if not HANDLERS[claim.kind].is_adoptable:
        return None
    received = find_receipt(farm.storage, claim, input_hash)
    if received is not None:
        return _finished(farm, claim, input_hash, received, lease, adopted=False)
    for known in _patiently(lambda: adoptable(farm.database, claim, input_hash), lease):
        if known.is_stored(farm.storage):
            return _finished(farm, claim, input_hash, known, lease, adopted=True)
    return None


def _finished(farm: Farm, claim: Claim, input_hash: str, known: Known, lease: Lease, *, adopted: bool) -> Finished:
    handler = HANDLERS[claim.kind]
    follow = _patiently(lambda: handler.follow(farm, claim, known.outputs), lease)
    return Finished(input_hash, known.outputs, known.facts, follow, publishes=handler.published(claim), adopted=adopted)


def _do(farm: Farm, handler: StepHandler, claim: Claim, input_hash: str, lease: Lease) -> Known:
    """Do the work, and store what it gives."""
    folder = work_folder(farm.work_dir, claim.step_id, claim.token)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder, lease.report, call_key(claim, input_hash))
        outcome = _patiently(lambda: handler.run(farm, claim, bench), lease)
        # Asked before the bytes are kept: a canceled step leaves nothing new in storage.
        lease.report(1.0)
        made = {name: farm.storage.put(file.path, file.media_type) for name, file in outcome.files.items()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Known({**made, **outcome.stored}, outcome.facts)


def _patiently(act: Callable[[], T], lease: Lease) -> T:
    """Do what asks the database, again and again while that is away, for as long as the lease is still ours."""
    while True:
        try:
            return act()
        except SQLAlchemyError as error:
            if not is_connection_trouble(error):
                raise
            log.warning("database_awaited", reason=first_line(error))
        time.sleep(DATABASE_RETRY_EVERY_S)
        lease.report(1.0)


def as_step_error(error: Exception) -> SceneworksError:
    """Any exception as one of the tree; what is not foreseen is INTERNAL, and is tried again up to its limit."""
    match error:
        case StepError():
            return error
        case NotFound():
            return TransientError(f"An input of the step is missing from storage: {error.message}")
        case ServiceUnavailable():
            return TransientError(error.message)
        case SceneworksError():
            return error
        case MemoryError():
            return TransientError("The worker ran out of memory.")
    if is_machines(error):
        return machine_fault(error, "doing the step")
    return SceneworksError(f"An unforeseen error: {type(error).__name__}: {words_of(error)}")

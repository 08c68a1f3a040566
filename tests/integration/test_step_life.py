"""A step from ready to terminal: who may take it, who may commit it, and what follows from that."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, update

from app.domain.errors import BadMedia, LeaseLost, ProviderUnavailable
from app.domain.plan import Follow, StepPlan
from app.domain.states import JobStatus, Pool, StepStatus
from app.domain.waits import WaitReason
from app.models import Job, JobEvent, Step, StepAttempt
from app.models.database import Database, now_s
from app.services.asking import Asking
from app.services.cancel_job import cancel_job
from app.services.claim_step import Claim, claim_step
from app.services.dispatch import dispatch
from app.services.fail_step import fail_step
from app.services.leases import LeaseKey, extend_leases
from app.services.recover import recover
from tests.farms import LEASE_TTL_S, ListBell, claim, finish, make_job, make_org

A = StepPlan("a", "video.script", Pool.IO)
B = StepPlan("b", "video.clip", Pool.CPU, needs=("a",))
C = StepPlan("c", "video.gate", Pool.IO, needs=("a", "b"))


def step_of(database: Database, job_id: int, name: str) -> Step:
    with database.read() as session:
        return session.execute(select(Step).where(Step.job_id == job_id, Step.name == name)).scalar_one()


def job_of(database: Database, job_id: int) -> Job:
    with database.read() as session:
        return session.execute(select(Job).where(Job.id == job_id)).scalar_one()


def events_of(database: Database, job_id: int) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(JobEvent.type).where(JobEvent.job_id == job_id).order_by(JobEvent.seq)))


def expire_lease(database: Database, claimed: Claim) -> None:
    with database.begin() as session:
        session.execute(update(Step).where(Step.id == claimed.step_id).values(lease_expires_at=now_s() - 1))


def end_pause(database: Database) -> None:
    """As if the pause between two attempts had gone by."""
    with database.begin() as session:
        session.execute(update(Step).where(Step.status == StepStatus.WAITING).values(resume_at=now_s()))
    recover(database)


def test_a_job_runs_its_steps_in_the_order_of_their_needs_and_then_succeeds(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A, B, C])
    for name in ("a", "b", "c"):
        ready = step_of(database, job_id, name)
        assert ready.status == StepStatus.READY
        finish(database, claim(database, ready.id))
    assert job_of(database, job_id).status == JobStatus.SUCCEEDED
    assert events_of(database, job_id)[-1] == "video.succeeded"


def test_a_blocked_step_cannot_be_claimed(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A, B])
    assert claim_step(database, step_of(database, job_id, "b").id, "worker-1", LEASE_TTL_S) is None


def test_a_step_knows_the_outputs_of_the_steps_it_needs(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A, B])
    finish(database, claim(database, step_of(database, job_id, "a").id), blob="b" * 64)
    claimed = claim(database, step_of(database, job_id, "b").id)
    assert claimed.upstream["a"]["out"].sha256 == "b" * 64


def test_the_same_doorbell_answered_five_times_at_once_is_one_execution(database: Database) -> None:
    step_id = step_of(database, make_job(database, make_org(database), [A]), "a").id
    start = threading.Barrier(5)
    claims: list[Claim | None] = []

    def answer(worker: str) -> None:
        start.wait()
        claims.append(claim_step(database, step_id, worker, LEASE_TTL_S))

    threads = [threading.Thread(target=answer, args=(f"worker-{number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([claimed for claimed in claims if claimed is not None]) == 1


def test_a_stale_token_commits_nothing(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A, B])
    stale = claim(database, step_of(database, job_id, "a").id, "cut-off")
    expire_lease(database, stale)
    recover(database)
    fresh = claim(database, stale.step_id, "healthy")
    with pytest.raises(LeaseLost):
        finish(database, stale, blob="d" * 64)
    with pytest.raises(LeaseLost):
        fail_step(database, stale, BadMedia("too late"))
    finish(database, fresh, blob="e" * 64)
    assert step_of(database, job_id, "a").outputs["out"]["sha256"] == "e" * 64


def test_an_expired_lease_is_taken_back_and_the_attempt_is_in_the_history(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A])
    claimed = claim(database, step_of(database, job_id, "a").id)
    assert recover(database).leases == 0
    expire_lease(database, claimed)
    assert recover(database).leases == 1
    assert step_of(database, job_id, "a").status == StepStatus.READY
    with database.read() as session:
        attempt = session.execute(select(StepAttempt).where(StepAttempt.step_id == claimed.step_id)).scalar_one()
    assert (attempt.outcome, attempt.error_code) == ("failed", "WORKER_LOST")


def test_a_poison_step_stops_at_its_limit_and_fails_its_job(database: Database) -> None:
    job_id = make_job(database, make_org(database), [StepPlan("a", "video.script", Pool.IO, max_attempts=3), B])
    for _ in range(3):
        expire_lease(database, claim(database, step_of(database, job_id, "a").id))
        recover(database)
        end_pause(database)
    assert step_of(database, job_id, "a").status == StepStatus.FAILED
    assert step_of(database, job_id, "b").status == StepStatus.CANCELED
    job = job_of(database, job_id)
    assert (job.status, job.error_code, job.error_retryable) == (JobStatus.FAILED, "WORKER_LOST", True)


def test_a_heartbeat_keeps_a_lease_and_learns_of_a_cancel(database: Database) -> None:
    org_id = make_org(database)
    job_id = make_job(database, org_id, [A])
    claimed = claim(database, step_of(database, job_id, "a").id)
    key = LeaseKey(claimed.step_id, claimed.token)
    expire_lease(database, claimed)
    assert extend_leases(database, {key: 0.5}, LEASE_TTL_S) == set()
    assert recover(database).leases == 0
    assert step_of(database, job_id, "a").progress == 0.5
    cancel_job(database, Asking(org_id, "cancel"), job_of(database, job_id).public_id)
    assert extend_leases(database, {key: 0.6}, LEASE_TTL_S) == {key}


def test_a_transient_failure_waits_without_a_slot_and_resumes_by_itself(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A])
    claimed = claim(database, step_of(database, job_id, "a").id)
    fail_step(database, claimed, ProviderUnavailable("the vendor answered 500"))
    waiting = step_of(database, job_id, "a")
    assert (waiting.status, waiting.wait_reason) == (StepStatus.WAITING, "backoff")
    # How long it waits is drawn by lot, and may be next to nothing.
    for waits_s, resumed in ((60.0, 0), (0.0, 1)):
        with database.begin() as session:
            session.execute(update(Step).where(Step.id == claimed.step_id).values(resume_at=now_s() + waits_s))
        assert recover(database).waits == resumed
    finish(database, claim(database, claimed.step_id))
    assert job_of(database, job_id).status == JobStatus.SUCCEEDED


def test_a_vendor_that_says_when_to_come_back_costs_no_attempt(database: Database) -> None:
    job_id = make_job(database, make_org(database), [StepPlan("a", "video.script", Pool.IO, max_attempts=1)])
    for postponements in (1, 2):
        claimed = claim(database, step_of(database, job_id, "a").id)
        fail_step(database, claimed, ProviderUnavailable("the vendor answered 429", retry_after_s=30))
        waiting = step_of(database, job_id, "a")
        assert (waiting.status, waiting.wait_reason) == (StepStatus.WAITING, WaitReason.RETRY_AFTER)
        assert (waiting.attempt, waiting.postponed_s) == (0, 30.0 * postponements)
        with database.begin() as session:
            session.execute(update(Step).where(Step.id == claimed.step_id).values(resume_at=now_s()))
        recover(database)
    finish(database, claim(database, waiting.id))
    with database.read() as session:
        outcomes = session.scalars(select(StepAttempt.outcome).order_by(StepAttempt.token)).all()
    assert outcomes == ["postponed", "postponed", "succeeded"]


def test_a_permanent_failure_fails_the_job_at_once_with_its_reason(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A, B])
    fail_step(database, claim(database, step_of(database, job_id, "a").id), BadMedia("The image is cut off."))
    job = job_of(database, job_id)
    assert (job.status, job.error_code, job.error_message) == (JobStatus.FAILED, "BAD_MEDIA", "The image is cut off.")


def test_a_canceled_job_has_one_terminal_event_and_its_running_step_cannot_commit(database: Database) -> None:
    org_id = make_org(database)
    job_id = make_job(database, org_id, [A, B])
    claimed = claim(database, step_of(database, job_id, "a").id)
    public_id = job_of(database, job_id).public_id
    cancel_job(database, Asking(org_id, "cancel"), public_id)
    cancel_job(database, Asking(org_id, "cancel"), public_id)
    with pytest.raises(LeaseLost):
        finish(database, claimed)
    assert events_of(database, job_id).count("video.canceled") == 1
    assert job_of(database, job_id).open_steps == 2


def test_a_finished_step_can_grow_the_graph(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A])
    grown = (StepPlan("x", "video.clip", Pool.CPU), StepPlan("y", "video.gate", Pool.IO, needs=("x",)))
    finish(database, claim(database, step_of(database, job_id, "a").id), follow=Follow(grown, "A title"))
    assert job_of(database, job_id).title == "A title"
    for name in ("x", "y"):
        finish(database, claim(database, step_of(database, job_id, name).id))
    assert job_of(database, job_id).status == JobStatus.SUCCEEDED


def test_a_graph_of_three_thousand_steps_is_grown_and_opened(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A])
    scenes = tuple(StepPlan(f"s{number}", "video.clip", Pool.CPU) for number in range(3000))
    join = StepPlan("join", "video.assemble", Pool.IO, needs=tuple(scene.name for scene in scenes))
    finish(database, claim(database, step_of(database, job_id, "a").id), follow=Follow((*scenes, join)))
    with database.read() as session:
        assert session.scalar(select(func.count()).where(Step.status == StepStatus.READY)) == 3000
    assert step_of(database, job_id, "join").unmet == 3000


def test_events_of_a_job_are_numbered_without_a_gap(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A, B])
    finish(database, claim(database, step_of(database, job_id, "a").id))
    with database.read() as session:
        numbers = list(session.scalars(select(JobEvent.seq).where(JobEvent.job_id == job_id).order_by(JobEvent.seq)))
    assert numbers == list(range(1, len(numbers) + 1))


def test_finishing_two_steps_at_once_loses_no_count(database: Database) -> None:
    scenes = [StepPlan(f"s{number}", "video.clip", Pool.CPU) for number in range(8)]
    join = StepPlan("join", "video.assemble", Pool.IO, needs=tuple(scene.name for scene in scenes))
    job_id = make_job(database, make_org(database), [*scenes, join])
    claims = [claim(database, step_of(database, job_id, scene.name).id) for scene in scenes]
    start = threading.Barrier(len(claims))

    def commit(claimed: Claim) -> None:
        start.wait()
        finish(database, claimed)

    threads = [threading.Thread(target=commit, args=(claimed,)) for claimed in claims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert step_of(database, job_id, "join").status == StepStatus.READY
    assert job_of(database, job_id).open_steps == 1


def test_an_unanswered_doorbell_is_rung_again_with_growing_patience(database: Database) -> None:
    job_id = make_job(database, make_org(database), [A])
    bell = ListBell()
    for rings in (1, 2):
        assert dispatch(database, bell) == 1
        assert dispatch(database, bell) == 0
        assert recover(database).doorbells == 0
        with database.begin() as session:
            session.execute(update(Step).values(rung_at=now_s() - 4 - 5 * rings))
        assert recover(database).doorbells == 1
    assert step_of(database, job_id, "a").rings == 2

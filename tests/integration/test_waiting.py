"""What may not start yet waits without a slot, says why, and goes on by itself."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select, update

from app.domain.business_hours import parse_business_hours
from app.domain.errors import ProviderUnavailable
from app.domain.flow_limits import FlowLimits
from app.domain.plan import StepPlan
from app.domain.states import JobStatus, Pool, StepStatus
from app.domain.waits import WaitReason
from app.domain.windows import parse_windows
from app.models import Job, JobEvent, Step, StepAttempt
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.cancel_job import cancel_job
from app.services.claim_step import claim_step
from app.services.dispatch import dispatch
from app.services.fail_step import fail_step
from app.services.job_views import JobView, view_job
from app.services.recover import recover
from app.services.settle_jobs import settle_jobs
from tests.farms import ListBell, claim, finish, make_job, make_org

WINDOW_S = 7200.0
TWENTY_FIVE_IN_TWO_HOURS = FlowLimits(windows=parse_windows("painter=25/2h"))


def pictures(count: int, provider: str | None = "painter") -> list[StepPlan]:
    return [
        StepPlan(f"scene/{number}/image", "video.image", Pool.IO, provider=provider) for number in range(1, count + 1)
    ]


def work_off(database: Database, limits: FlowLimits, bell: ListBell | None = None) -> int:
    """Ring and answer until nothing is rung; how many steps were done."""
    bell = bell or ListBell()
    done = 0
    while dispatch(database, bell, limits):
        while bell.rung:
            finish(database, claim(database, bell.rung.pop(0).step_id))
            done += 1
    return done


def let_pass(database: Database, seconds: float) -> None:
    """As if so much time had gone by: what has a time is moved into the past."""
    with database.begin() as session:
        session.execute(update(StepAttempt).values(started_at=StepAttempt.started_at - seconds))
        session.execute(update(Step).values(resume_at=Step.resume_at - seconds))
    recover(database)


def statuses(database: Database) -> Counter[str]:
    with database.read() as session:
        return Counter(session.scalars(select(Step.status)))


def seen(database: Database, job_id: int) -> JobView:
    with database.read() as session:
        return view_job(session, session.get_one(Job, job_id), database_now_s(session))


def timeline(database: Database, job_id: int) -> list[str]:
    with database.read() as session:
        events = session.scalars(select(JobEvent.type).where(JobEvent.job_id == job_id).order_by(JobEvent.seq))
        return [event for event in events if not event.startswith("step.")]


def test_forty_pictures_under_a_window_of_25_are_made_25_now_and_the_rest_at_its_turn(database: Database) -> None:
    job_id = make_job(database, make_org(database), pictures(40))
    assert work_off(database, TWENTY_FIVE_IN_TWO_HOURS) == 25
    assert statuses(database) == {StepStatus.SUCCEEDED: 25, StepStatus.WAITING: 15}
    with database.read() as session:
        first_call = session.scalar(select(func.min(StepAttempt.started_at)))
        first_turn = session.scalar(select(func.min(Step.resume_at)))
        assert set(session.scalars(select(Step.wait_reason).where(Step.status == StepStatus.WAITING))) == {
            WaitReason.PROVIDER_WINDOW
        }
    assert first_turn == pytest.approx(first_call + WINDOW_S, abs=60)

    settle_jobs(database)
    waiting = seen(database, job_id)
    assert waiting.status == JobStatus.WAITING and waiting.waiting is not None
    assert (waiting.waiting.reason, waiting.waiting.resume_at) == (WaitReason.PROVIDER_WINDOW, first_turn)

    let_pass(database, WINDOW_S + 60)
    settle_jobs(database)
    assert seen(database, job_id).status == JobStatus.RUNNING
    assert work_off(database, TWENTY_FIVE_IN_TWO_HOURS) == 15
    assert seen(database, job_id).status == JobStatus.SUCCEEDED
    assert timeline(database, job_id) == [
        "video.queued",
        "video.started",
        "video.waiting",
        "video.resumed",
        "video.succeeded",
    ]


def test_a_waiting_step_holds_no_slot_and_leaves_the_others_their_way(database: Database) -> None:
    org_id = make_org(database)
    make_job(database, org_id, pictures(100))
    other = make_job(database, org_id, pictures(3, provider=None))
    limits = FlowLimits(windows=parse_windows("painter=1/h"))
    assert work_off(database, limits) == 1 + 3
    assert seen(database, other).status == JobStatus.SUCCEEDED


def test_whoever_has_used_less_of_a_window_has_the_next_turn(database: Database) -> None:
    limits = FlowLimits(windows=parse_windows("painter=4/h"))
    make_job(database, make_org(database, "large"), pictures(20))
    assert work_off(database, limits) == 4
    small = make_job(database, make_org(database, "small"), pictures(2))
    work_off(database, limits)
    let_pass(database, 1800)
    # One call of the large org leaves the window: that place is the small org's, though the other waits longer.
    with database.begin() as session:
        earliest = select(func.min(StepAttempt.started_at)).scalar_subquery()
        session.execute(update(StepAttempt).where(StepAttempt.started_at == earliest).values(started_at=0.0))
        session.execute(update(Step).where(Step.status == StepStatus.WAITING).values(resume_at=0.0))
    recover(database)
    bell = ListBell()
    dispatch(database, bell, limits)
    with database.read() as session:
        owners = session.scalars(select(Step.job_id).where(Step.id.in_([doorbell.step_id for doorbell in bell.rung])))
        assert list(owners) == [small]


def test_an_adopted_result_uses_up_no_call(database: Database) -> None:
    make_job(database, make_org(database), pictures(3))
    limits = FlowLimits(windows=parse_windows("painter=1/h"))
    bell = ListBell()
    dispatch(database, bell, limits)
    finish(database, claim(database, bell.rung.pop().step_id), adopted=True)
    let_pass(database, 3601)
    with database.begin() as session:
        session.execute(update(StepAttempt).values(started_at=StepAttempt.started_at + 3601))
    assert dispatch(database, bell, limits) == 1


def test_closed_hours_hold_a_kind_until_they_open(database: Database) -> None:
    with database.read() as session:
        today = int(database_now_s(session) // 86400 + 3) % 7
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    open_in_two_days = parse_business_hours(f"video.image={days[(today + 2) % 7]} 00:00-24:00 UTC")
    clip = StepPlan("scene/1/clip", "video.clip", Pool.CPU)
    job_id = make_job(database, make_org(database), [*pictures(2), clip])
    assert work_off(database, FlowLimits(hours=open_in_two_days)) == 1
    settle_jobs(database)
    job = seen(database, job_id)
    assert job.waiting is not None and job.waiting.reason == WaitReason.CLOSED_HOURS
    let_pass(database, 3 * 86400)
    assert work_off(database, FlowLimits()) == 2


def test_a_step_that_was_called_before_closing_time_does_not_begin_after_it(database: Database) -> None:
    with database.read() as session:
        today = int(database_now_s(session) // 86400 + 3) % 7
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    closed = FlowLimits(hours=parse_business_hours(f"{days[(today + 2) % 7]} 00:00-24:00 UTC"))
    make_job(database, make_org(database), pictures(1))
    bell = ListBell()
    assert dispatch(database, bell) == 1
    step_id = bell.rung[0].step_id
    assert claim_step(database, step_id, "worker-1", 10.0, closed) is None
    assert statuses(database) == {StepStatus.READY: 1}
    assert claim_step(database, step_id, "worker-1", 10.0) is not None


def test_a_vendors_word_leaves_the_job_waiting_but_a_pause_of_our_own_does_not(database: Database) -> None:
    org_id = make_org(database)
    told, own = (make_job(database, org_id, pictures(1)) for _ in range(2))
    errors = {told: ProviderUnavailable("429", retry_after_s=900), own: ProviderUnavailable("500")}
    for job_id, error in errors.items():
        with database.read() as session:
            step_id = session.scalars(select(Step.id).where(Step.job_id == job_id)).one()
        fail_step(database, claim(database, step_id), error)
    assert settle_jobs(database) == 1
    assert (seen(database, told).status, seen(database, own).status) == (JobStatus.WAITING, JobStatus.RUNNING)
    assert settle_jobs(database) == 0


def test_only_so_many_steps_of_a_provider_are_in_flight_and_the_next_one_follows(database: Database) -> None:
    make_job(database, make_org(database), [*pictures(10), *scripts(2)])
    limits = FlowLimits(concurrency={"painter": 2})
    bell = ListBell()
    dispatch(database, bell, limits)
    assert Counter(doorbell.kind for doorbell in bell.rung) == {"video.image": 2, "video.script": 2}
    finish(database, claim(database, bell.rung[0].step_id))
    assert dispatch(database, bell, limits) == 1
    assert statuses(database)[StepStatus.WAITING] == 0


@pytest.mark.parametrize(("let_go_s", "called"), [(60.0, 0), (0.0, 1)])
def test_a_canceled_step_keeps_its_place_until_its_worker_has_heard_of_it(
    database: Database, let_go_s: float, called: int
) -> None:
    org_id = make_org(database)
    make_job(database, org_id, pictures(1))
    make_job(database, org_id, pictures(1))
    limits = FlowLimits(concurrency={"painter": 1}, let_go_s=let_go_s)
    bell = ListBell()
    assert dispatch(database, bell, limits) == 1
    cancel_job(database, Asking(org_id, "cancel"), claim(database, bell.rung[0].step_id).job_public_id)
    assert dispatch(database, bell, limits) == called


def test_only_so_many_steps_of_an_org_are_in_flight_in_all_pools_together(database: Database) -> None:
    large, small = make_org(database, "large"), make_org(database, "small")
    make_job(database, large, [*pictures(5), *clips(5)])
    make_job(database, small, clips(1))
    bell = ListBell()
    for _ in range(2):
        dispatch(database, bell, FlowLimits(org_concurrency=3))
    with database.read() as session:
        called = session.scalars(select(Step.org_id).where(Step.rung_at.is_not(None)))
        assert Counter(called) == {large: 3, small: 1}


def scripts(count: int) -> list[StepPlan]:
    return [StepPlan(f"script/{number}", "video.script", Pool.IO) for number in range(count)]


def clips(count: int) -> list[StepPlan]:
    return [StepPlan(f"scene/{number}/clip", "video.clip", Pool.CPU) for number in range(count)]

"""Before anyone is called: the ready steps that may not start yet go to wait, without a slot, until they may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, func, or_, select, text, update
from sqlalchemy.orm import Session

from app.domain.fair_share import Candidate, choose
from app.domain.flow_limits import FlowLimits
from app.domain.states import StepStatus
from app.domain.waits import WaitReason
from app.domain.windows import Window, longest_period_s, turns
from app.models import Step, StepAttempt
from app.models.database import Database, database_now_s, now_s
from app.models.step import IS_IN_FLIGHT, IS_UNRUNG, IS_WAITING

# Far beyond the places that all the windows of doorbells have together; the next dispatch asks again.
MORE_THAN_ARE_CALLED = 1000


def hold_back(session: Session, limits: FlowLimits, paused: Collection[str]) -> None:
    """Apply the opening hours and the vendors' windows, in the caller's transaction.

    Steps of a paused pool are passed over: they start nothing now, so they take no one's turn.
    """
    if limits.hours:
        _close(session, limits)
    for provider, windows in limits.windows.items():
        _give_turns(session, provider, windows, paused)


def decide_anew(database: Database) -> None:
    """End the waits that our own settings have caused: they may say something else since this process started."""
    by_settings = (WaitReason.PROVIDER_WINDOW, WaitReason.CLOSED_HOURS)
    held = select(Step.id).where(text(IS_WAITING), Step.wait_reason.in_(by_settings))
    with database.begin() as session:
        session.execute(
            update(Step)
            .where(Step.id.in_(held.with_for_update(skip_locked=True)))
            .values(resume_at=now_s())
            .execution_options(synchronize_session=False)
        )


def _close(session: Session, limits: FlowLimits) -> None:
    """Outside the hours of their kind steps wait for the next opening."""
    now = database_now_s(session)
    for kind in session.scalars(select(Step.kind).where(text(IS_UNRUNG)).distinct()).all():
        opens_at = limits.opens_at(kind, now)
        if opens_at is None:
            continue
        ready = select(Step.id).where(text(IS_UNRUNG), Step.kind == kind).with_for_update(skip_locked=True)
        session.execute(
            update(Step)
            .where(Step.id.in_(ready))
            .values(status=StepStatus.WAITING, resume_at=opens_at, wait_reason=WaitReason.CLOSED_HOURS)
            .execution_options(synchronize_session=False)
        )


def _give_turns(session: Session, provider: str, windows: Sequence[Window], paused: Collection[str]) -> None:
    """Leave ready what the provider's windows have room for, in fair order; the rest waits, each for its own turn."""
    ready = (Step.provider == provider, Step.pool.not_in(paused))
    if _have_room_for(session, provider, windows, select(Step.id).where(text(IS_UNRUNG), *ready)):
        return
    steps = session.execute(
        select(Step.id, Step.org_id, Step.priority).where(text(IS_UNRUNG), *ready).with_for_update(skip_locked=True)
    ).all()
    now = database_now_s(session)
    calls, by_org = _calls(session, provider, now - longest_period_s(windows), now)
    # Whoever has called the provider least comes first, so that one org's thousand scenes do not fill every window.
    in_order = choose([Candidate(*step) for step in steps], by_org, len(steps))
    times = turns(calls, len(in_order), windows, now)
    waiting = [
        {"id": step.step_id, "status": StepStatus.WAITING, "resume_at": at, "wait_reason": WaitReason.PROVIDER_WINDOW}
        for step, at in zip(in_order, times, strict=True)
        if at > now
    ]
    if waiting:
        session.execute(update(Step), waiting)


def _have_room_for(session: Session, provider: str, windows: Sequence[Window], ready: Select[tuple[int]]) -> bool:
    """Whether all the `ready` steps may start now, or more than one dispatch ever calls: then there is no turn to give.

    Asked after every step: it counts, reads no more steps than have room, and locks none.
    """
    now = database_now_s(session)
    rung = session.scalar(_rung(provider, func.count())) or 0
    free = min(
        window.calls - rung - (session.scalar(_called(provider, now - window.period_s, func.count())) or 0)
        for window in windows
    )
    if free <= 0:
        return session.scalar(ready.limit(1)) is None
    return free >= MORE_THAN_ARE_CALLED or len(session.scalars(ready.limit(free + 1)).all()) <= free


def _calls(session: Session, provider: str, since: float, now: float) -> tuple[list[float], Counter[int]]:
    """When the provider was called since then, in order, and by whom how often; a step that is rung counts too."""
    called = session.execute(
        _called(provider, since, StepAttempt.started_at, Step.org_id).order_by(StepAttempt.started_at)
    ).all()
    rung = session.scalars(_rung(provider, Step.org_id)).all()
    by_org = Counter([*(org_id for _, org_id in called), *rung])
    return [*(at for at, _ in called), *(now for _ in rung)], by_org


def _called(provider: str, since: float, *wanted: Any) -> Select[Any]:
    """Of the calls since then. An adopted result cost no call."""
    return (
        select(*wanted)
        .select_from(StepAttempt)
        .join(Step, Step.id == StepAttempt.step_id)
        .where(
            StepAttempt.provider == provider,
            StepAttempt.started_at > since,
            or_(StepAttempt.outcome.is_(None), StepAttempt.outcome != "adopted"),
        )
    )


def _rung(provider: str, *wanted: Any) -> Select[Any]:
    """Of the steps that are called and not begun."""
    return select(*wanted).where(text(IS_IN_FLIGHT), Step.status == StepStatus.READY, Step.provider == provider)

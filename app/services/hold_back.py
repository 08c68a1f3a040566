"""Before anyone is called: the ready steps that may not start yet go to wait, without a slot, until they may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import or_, select, text, update
from sqlalchemy.orm import Session

from app.domain.fair_share import Candidate, choose
from app.domain.flow_limits import FlowLimits
from app.domain.states import StepStatus
from app.domain.waits import WaitReason
from app.domain.windows import Window, longest_period_s, turns
from app.models import Step, StepAttempt
from app.models.database import Database, database_now_s, now_s
from app.models.step import IS_IN_FLIGHT, IS_UNRUNG, IS_WAITING


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
    ready = session.execute(
        select(Step.id, Step.org_id, Step.priority)
        .where(text(IS_UNRUNG), Step.provider == provider, Step.pool.not_in(paused))
        .with_for_update(skip_locked=True)
    ).all()
    if not ready:
        return
    now = database_now_s(session)
    calls, by_org = _calls(session, provider, now - longest_period_s(windows), now)
    # Whoever has called the provider least comes first, so that one org's thousand scenes do not fill every window.
    in_order = choose([Candidate(*step) for step in ready], by_org, len(ready))
    times = turns(calls, len(in_order), windows, now)
    waiting = [
        {"id": step.step_id, "status": StepStatus.WAITING, "resume_at": at, "wait_reason": WaitReason.PROVIDER_WINDOW}
        for step, at in zip(in_order, times, strict=True)
        if at > now
    ]
    if waiting:
        session.execute(update(Step), waiting)


def _calls(session: Session, provider: str, since: float, now: float) -> tuple[list[float], Counter[int]]:
    """When the provider was called since then, in order, and by whom how often. A step that is rung counts as a call.

    An adopted result cost no call.
    """
    called = session.execute(
        select(StepAttempt.started_at, Step.org_id)
        .join(Step, Step.id == StepAttempt.step_id)
        .where(
            StepAttempt.provider == provider,
            StepAttempt.started_at > since,
            or_(StepAttempt.outcome.is_(None), StepAttempt.outcome != "adopted"),
        )
        .order_by(StepAttempt.started_at)
    ).all()
    rung = session.scalars(
        select(Step.org_id).where(text(IS_IN_FLIGHT), Step.status == StepStatus.READY, Step.provider == provider)
    ).all()
    by_org = Counter([*(org_id for _, org_id in called), *rung])
    return [*(at for at, _ in called), *(now for _ in rung)], by_org

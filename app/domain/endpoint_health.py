"""How an endpoint is doing, judged attempt by attempt: what its people are told, and when it is sent nothing more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.breaker import CLOSED, Breaker, after_attempt
from app.domain.webhook_schedule import GONE, MOST_ATTEMPTS
from app.domain.webhook_states import DisabledReason

# Of one message, in a row: the fourth comes half an hour after the first, when it is no hiccup any more.
TOLD_AT_ATTEMPT = 4
FAILING_FOR_TOO_LONG_S = 5 * 86_400.0


class Notice(StrEnum):
    """What the people of an endpoint are told about it, as the type of a message."""

    FAILING = "endpoint.failing"  # a message has failed four times in a row
    RECOVERED = "endpoint.recovered"  # the first success after that, or after the breaker had opened
    EXHAUSTED = "message.exhausted"  # a message is not tried any more
    DISABLED = "endpoint.disabled"  # the endpoint gets nothing until somebody enables it again


@dataclass(frozen=True)
class Health:
    """`failing_since`: the first failure that no success has followed; `told_failing_at`: when its people were told."""

    breaker: Breaker = CLOSED
    failing_since: float | None = None
    told_failing_at: float | None = None


@dataclass(frozen=True)
class Judged:
    """The health after an attempt, what is to be told, and why the endpoint is to be disabled, if it is."""

    health: Health
    notices: tuple[Notice, ...] = ()
    disabled: DisabledReason | None = None


def after_success(health: Health, now: float) -> Judged:
    breaker = after_attempt(health.breaker, True, now)
    better = Health(breaker, failing_since=None, told_failing_at=health.told_failing_at)
    was_troubled = health.told_failing_at is not None or health.breaker.open_until is not None
    if was_troubled and breaker.open_until is None:
        return Judged(replace(better, told_failing_at=None), (Notice.RECOVERED,))
    return Judged(better)


def after_failure(health: Health, attempts_made: int, status_code: int | None, now: float) -> Judged:
    """After the attempt with which `attempts_made` of its message have failed in a row."""
    worse = Health(
        after_attempt(health.breaker, False, now),
        now if health.failing_since is None else health.failing_since,
        health.told_failing_at,
    )
    notices: list[Notice] = []
    if attempts_made >= TOLD_AT_ATTEMPT and worse.told_failing_at is None:
        # Once, and not for each message: they all fail for one reason.
        worse = replace(worse, told_failing_at=now)
        notices.append(Notice.FAILING)
    if attempts_made >= MOST_ATTEMPTS or status_code == GONE:
        notices.append(Notice.EXHAUSTED)
    return Judged(worse, tuple(notices), _why_disabled(worse, status_code, now))


def _why_disabled(health: Health, status_code: int | None, now: float) -> DisabledReason | None:
    if status_code == GONE:
        return DisabledReason.GONE
    if health.failing_since is not None and now - health.failing_since >= FAILING_FOR_TOO_LONG_S:
        return DisabledReason.FAILING
    return DisabledReason.BREAKER if health.breaker.is_worn_out else None

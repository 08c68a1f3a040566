"""What an organisation may have: jobs at once, minutes of video a day, bytes in storage, endpoints of webhooks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import QuotaExceeded

DAY_S = 86400
# Of the day's minutes.
WARNED_FROM = 0.8


class Quota(StrEnum):
    JOBS_AT_ONCE = "jobs_at_once"
    MINUTES_A_DAY = "minutes_a_day"
    STORAGE_BYTES = "storage_bytes"
    WEBHOOK_ENDPOINTS = "webhook_endpoints"


@dataclass(frozen=True)
class Quotas:
    """None is no limit. Minutes are of video that is accepted on one day, in UTC.

    `webhook_endpoints` is the same for every organisation.
    """

    jobs_at_once: int | None = None
    minutes_a_day: float | None = None
    storage_bytes: int | None = None
    webhook_endpoints: int | None = None

    def overridden(self, own: Quotas) -> Quotas:
        """These, with what an organisation has of its own in their place."""
        return Quotas(
            self.jobs_at_once if own.jobs_at_once is None else own.jobs_at_once,
            self.minutes_a_day if own.minutes_a_day is None else own.minutes_a_day,
            self.storage_bytes if own.storage_bytes is None else own.storage_bytes,
            self.webhook_endpoints,
        )


NO_QUOTAS = Quotas()


@dataclass(frozen=True)
class Usage:
    """Live jobs, seconds of video accepted today that have not come to nothing, bytes in storage, and endpoints."""

    jobs: int
    video_s: float
    storage_bytes: int
    webhook_endpoints: int = 0


def has_room(quotas: Quotas, usage: Usage, job_video_s: float) -> bool:
    """Whether `check_job` would let one more job, of so many seconds of video, pass."""
    try:
        check_job(quotas, usage, job_video_s, now=0.0)
    except QuotaExceeded:
        return False
    return True


def is_mostly_used(quotas: Quotas, video_s: float) -> bool:
    """Whether so many seconds of video are most of a day's: then its organisation is warned."""
    return quotas.minutes_a_day is not None and video_s / 60 >= WARNED_FROM * quotas.minutes_a_day


def check_length(quotas: Quotas, job_video_s: float) -> None:
    """QuotaExceeded when a video of so many seconds is more than a whole day's, which no time helps."""
    if quotas.minutes_a_day is not None and job_video_s / 60 > quotas.minutes_a_day:
        raise _exceeded(
            Quota.MINUTES_A_DAY,
            f"This video would be about {job_video_s / 60:.1f} minutes long, and your organisation may have "
            f"{quotas.minutes_a_day:g} minutes of video a day.",
            round(job_video_s / 60, 2),
            quotas.minutes_a_day,
        )


def check_job(quotas: Quotas, usage: Usage, job_video_s: float, now: float) -> None:
    """QuotaExceeded when one more job, of so many seconds of video, is too much. `now`: epoch seconds."""
    if quotas.jobs_at_once is not None and usage.jobs >= quotas.jobs_at_once:
        raise _exceeded(
            Quota.JOBS_AT_ONCE,
            f"Your organisation has {usage.jobs} jobs that have not ended, and may have {quotas.jobs_at_once} at once.",
            usage.jobs,
            quotas.jobs_at_once,
        )
    check_length(quotas, job_video_s)
    minutes = usage.video_s / 60
    if quotas.minutes_a_day is not None and minutes + job_video_s / 60 > quotas.minutes_a_day:
        raise _exceeded(
            Quota.MINUTES_A_DAY,
            f"Your organisation has asked for {minutes:.1f} of its {quotas.minutes_a_day:g} minutes of video today.",
            round(minutes, 2),
            quotas.minutes_a_day,
            retry_after_s=math.ceil(next_day_s(now) - now),
        )
    if quotas.storage_bytes is not None and usage.storage_bytes >= quotas.storage_bytes:
        raise _full(quotas.storage_bytes, usage.storage_bytes)


def check_upload(quotas: Quotas, used_bytes: int, size_bytes: int) -> None:
    """QuotaExceeded when a file of this size is too much."""
    if quotas.storage_bytes is not None and used_bytes + size_bytes > quotas.storage_bytes:
        raise _full(quotas.storage_bytes, used_bytes)


def check_endpoints(quotas: Quotas, used: int) -> None:
    """QuotaExceeded when one more endpoint of webhooks is too much."""
    limit = quotas.webhook_endpoints
    if limit is not None and used >= limit:
        raise _exceeded(
            Quota.WEBHOOK_ENDPOINTS,
            f"Your organisation has {used} of its {limit} webhook endpoints. Delete one first.",
            used,
            limit,
        )


def day_began_s(now: float) -> float:
    """The last midnight in UTC. All times in epoch seconds."""
    return now // DAY_S * DAY_S


def next_day_s(now: float) -> float:
    return day_began_s(now) + DAY_S


def _full(limit_bytes: int, used_bytes: int) -> QuotaExceeded:
    message = f"Your organisation has {used_bytes:,} of its {limit_bytes:,} bytes of storage."
    return _exceeded(Quota.STORAGE_BYTES, message, used_bytes, limit_bytes)


def _exceeded(quota: Quota, message: str, used: float, limit: float, retry_after_s: int | None = None) -> QuotaExceeded:
    return QuotaExceeded(message, retry_after_s, quota=quota, used=used, limit=limit)

"""Opening hours on a wall clock: over nights, week ends and the change of summer time."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.domain.business_hours import parse_business_hours, parse_hours
from app.domain.flow_limits import FlowLimits

OFFICE = parse_hours("mon-fri 08:00-20:00 Europe/Berlin")


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-01-28T08:00+01:00", None),
        ("2026-01-28T19:59:59+01:00", None),
        ("2026-01-28T07:59+01:00", "2026-01-28T08:00+01:00"),
        ("2026-01-28T20:00+01:00", "2026-01-29T08:00+01:00"),
        # From Friday evening to Monday morning.
        ("2026-01-30T21:00+01:00", "2026-02-02T08:00+01:00"),
        # Over the night in which the clocks go forward.
        ("2026-03-28T12:00+01:00", "2026-03-30T08:00+02:00"),
    ],
)
def test_an_office_is_open_on_weekdays(now: str, opens: str | None) -> None:
    assert OFFICE.next_opening(at(now)) == (None if opens is None else at(opens))


def test_a_night_shift_goes_over_midnight() -> None:
    night = parse_hours("fri 22:00-06:00 UTC")
    assert night.next_opening(at("2026-01-31T05:59+00:00")) is None
    assert night.next_opening(at("2026-01-31T06:00+00:00")) == at("2026-02-06T22:00+00:00")


def test_a_whole_day_is_written_to_midnight_and_days_go_over_the_weeks_end() -> None:
    weekend = parse_hours("sat-mon 00:00-24:00 UTC")
    assert weekend.next_opening(at("2026-02-02T23:59+00:00")) is None
    assert weekend.next_opening(at("2026-02-03T00:00+00:00")) == at("2026-02-07T00:00+00:00")


def test_a_steps_kind_goes_before_its_jobs_kind_and_that_before_everything() -> None:
    limits = FlowLimits(
        hours=parse_business_hours(
            "mon 00:00-24:00 UTC; video=tue 00:00-24:00 UTC; video.image=wed 00:00-24:00 UTC",
        )
    )
    tuesday = at("2026-02-03T12:00+00:00")
    assert limits.opens_at("video.clip", tuesday) is None
    assert limits.opens_at("video.image", tuesday) == at("2026-02-04T00:00+00:00")
    assert limits.opens_at("book.chapter", tuesday) == at("2026-02-09T00:00+00:00")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("mon-fri", "is not of the form"),
        ("mon-fry 08:00-20:00 UTC", "names no days"),
        ("mon-fri 08:00-25:00 UTC", "is no time of day"),
        ("mon-fri 08:00-20:00 Berlin", "is no time zone"),
        ("mon 08:00-20:00 UTC; tue 08:00-20:00 UTC", "two sets of hours for every kind"),
    ],
)
def test_hours_that_cannot_be_understood_are_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_business_hours(text)

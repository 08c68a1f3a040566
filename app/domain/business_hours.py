"""Opening hours: when steps of a kind may start, on a wall clock somewhere in the world."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# The hours under this name hold for every kind that has none of its own.
EVERY_KIND = ""
_FORM = re.compile(r"(?P<days>\S+)\s+(?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d)\s+(?P<zone>\S+)")


@dataclass(frozen=True)
class OpeningHours:
    """Open on `days` (0 is Monday) from `opens` to `closes`; a closing time that is not later is the next day's."""

    days: frozenset[int]
    opens: time
    closes: time
    zone: ZoneInfo

    def next_opening(self, now_s: float) -> float | None:
        """When it opens next (epoch seconds); None while it is open."""
        today = datetime.fromtimestamp(now_s, UTC).astimezone(self.zone).date()
        # From yesterday, whose night shift may still be on, to the same weekday of next week.
        for day in (today + timedelta(days=offset) for offset in range(-1, 8)):
            if day.weekday() not in self.days:
                continue
            closing_day = day if self.closes > self.opens else day + timedelta(days=1)
            begin_s, end_s = self._at(day, self.opens), self._at(closing_day, self.closes)
            if begin_s > now_s:
                return begin_s
            if now_s < end_s:
                return None
        raise AssertionError("Some day of every week is an open one.")

    def _at(self, day: date, wall_clock: time) -> float:
        return datetime.combine(day, wall_clock, self.zone).timestamp()


def parse_hours(text: str) -> OpeningHours:
    """`mon-fri 08:00-20:00 Europe/Berlin`, `mon,wed,sat-sun 22:00-06:00 UTC`; ValueError says what is wrong."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text.strip()!r} is not of the form `mon-fri 08:00-20:00 Europe/Berlin`")
    try:
        zone = ZoneInfo(found["zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{found['zone']!r} is no time zone; write one like Europe/Berlin") from None
    return OpeningHours(_days(found["days"].lower()), _clock(found["opens"]), _clock(found["closes"]), zone)


def parse_business_hours(raw: str) -> Mapping[str, OpeningHours]:
    """Hours by kind, separated by `;`: `mon-fri 08:00-20:00 Europe/Berlin; video.image=sat-sun 00:00-24:00 UTC`.

    A kind is a step's (`video.image`) or a job's (`video`); hours without one hold for every other.
    """
    hours: dict[str, OpeningHours] = {}
    for part in filter(None, map(str.strip, raw.split(";"))):
        kind, equals, text = part.partition("=")
        name = kind.strip() if equals else EVERY_KIND
        if name in hours:
            raise ValueError(f"there are two sets of hours for {name or 'every kind'}")
        hours[name] = parse_hours(text if equals else part)
    return hours


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{part!r} names no days; write mon-fri, or sat,sun")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        # fri-mon goes over the week's end.
        days |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(days)


def _clock(text: str) -> time:
    if text == "24:00":
        return time(0)
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time of day") from None

"""Which deliveries go next: few at once to an endpoint; endpoints and organisations by turns; places kept for first
attempts to endpoints that are well, so that those which fail, however many they are, keep nobody else waiting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# To one endpoint. More at once would only be a burst for whoever is behind it.
AT_ONCE = 3
AT_ONCE_WHILE_FAILING = 1
# Of a process's slots: those kept for first attempts, and the most that one organisation may have.
KEPT_SHARE = 0.25
ORG_SHARE = 0.5
# What a throttled endpoint did not use in this time is lost: a pause does not save up for a burst.
SAVED_UP_S = 1.0


@dataclass(frozen=True)
class Room:
    """What a process has room for: slots for anything, and those beside them that only first attempts may take.

    `of_org` is how many it has on their way for each organisation, `most_of_org` how many that may be.
    """

    general: int
    first_only: int = 0
    most_of_org: int = 1_000_000
    of_org: Mapping[int, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.general + self.first_only

    @property
    def full_orgs(self) -> list[int]:
        return [org_id for org_id, count in self.of_org.items() if count >= self.most_of_org]


def room_in(slots: int, of_org: Mapping[int, int], not_first: int) -> Room:
    """The room of a process of `slots` with so many on their way, of which `not_first` are no first attempts."""
    kept = min(slots - 1, max(1, round(slots * KEPT_SHARE)))
    total = slots - sum(of_org.values())
    general = max(0, min(total, slots - kept - not_first))
    return Room(general, total - general, max(1, round(slots * ORG_SHARE)), dict(of_org))


@dataclass(frozen=True)
class Line:
    """The first deliveries of one endpoint that are due, by id, in order; and of those that a place is kept for.

    `room` is how many more of them may be on their way.
    """

    org_id: int
    due: Sequence[int]
    due_firsts: Sequence[int]
    room: int


def choose(lines: Sequence[Line], room: Room) -> list[int]:
    """The deliveries that go now: of the organisation with the fewest on their way, and of its lines by turns.

    `lines` stand in the order of who is owed, which decides among equals. Every choice counts at once.
    """
    chosen: list[int] = []
    of_org, of_line = Counter(room.of_org), [0] * len(lines)

    def take(queues: list[list[int]], most: int) -> None:
        for _ in range(most):
            turns = [
                (of_org[line.org_id], of_line[number], number)
                for number, line in enumerate(lines)
                if queues[number] and of_line[number] < line.room and of_org[line.org_id] < room.most_of_org
            ]
            if not turns:
                return
            *_, number = min(turns)
            chosen.append(queues[number].pop(0))
            of_line[number] += 1
            of_org[lines[number].org_id] += 1

    take([list(line.due) for line in lines], room.general)
    taken = frozenset(chosen)
    take([[one for one in line.due_firsts if one not in taken] for line in lines], room.first_only)
    return chosen


def allowed_now(per_minute: int, free_at: float | None, now: float) -> int:
    """How many more may go at `now` to an endpoint of `per_minute`, whose throttle lets one go at `free_at`."""
    begins_at = _begins_at(free_at, now)
    return 0 if begins_at > now else int((now - begins_at) * per_minute / 60.0) + 1


def next_free_at(per_minute: int, free_at: float | None, now: float, sent: int) -> float:
    """When the throttle lets one more go, after `sent` at `now` (the generic cell rate algorithm)."""
    return _begins_at(free_at, now) + sent * 60.0 / per_minute


def _begins_at(free_at: float | None, now: float) -> float:
    return now if free_at is None else max(free_at, now - SAVED_UP_S)

"""Which ready steps are called next when there is room for only some of them."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LOWEST_PRIORITY, DEFAULT_PRIORITY, HIGHEST_PRIORITY = 1, 3, 5


@dataclass(frozen=True)
class Candidate:
    """A ready step. `priority` is its job's, 5 the most urgent, or one more for a step that goes ahead of its job;
    among equals the lower `step_id` was there first.

    Steps of one `lane` (the vendor they call) may be limited in number.
    """

    step_id: int
    org_id: int
    priority: int
    lane: str | None = None


def choose(
    candidates: Sequence[Candidate],
    in_flight: Mapping[int, int],
    room: int,
    lane_room: Mapping[str, int] | None = None,
) -> list[Candidate]:
    """At most `room` candidates: from the org with the fewest steps in flight, and of an org the most urgent first.

    `in_flight` counts each org's steps that run or are called already; every choice counts at once, so that orgs take
    turns. Between orgs with equally many the more urgent step goes first: no org gets more than its share by calling
    everything urgent. A lane in `lane_room` is given that many at most; the others have no limit.
    """
    queues: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        queues.setdefault(candidate.org_id, []).append(candidate)
    for queue in queues.values():
        queue.sort(key=_urgency, reverse=True)

    busy, free = Counter(in_flight), dict(lane_room or {})
    heap = [(busy[org], *_urgency(queue[-1]), org) for org, queue in queues.items()]
    heapq.heapify(heap)
    chosen: list[Candidate] = []
    while heap and len(chosen) < room:
        *_, org = heapq.heappop(heap)
        candidate = queues[org].pop()
        if free.get(candidate.lane or "", 1) > 0:
            chosen.append(candidate)
            busy[org] += 1
            if candidate.lane in free:
                free[candidate.lane] -= 1
        if queues[org]:
            heapq.heappush(heap, (busy[org], *_urgency(queues[org][-1]), org))
    return chosen


def _urgency(candidate: Candidate) -> tuple[int, int]:
    """Lower comes first."""
    return -candidate.priority, candidate.step_id

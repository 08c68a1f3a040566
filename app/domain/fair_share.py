"""Which ready steps are called next when there is room for only some of them."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LOWEST_PRIORITY, DEFAULT_PRIORITY, HIGHEST_PRIORITY = 1, 3, 5


@dataclass(frozen=True)
class Candidate:
    """A ready step. `priority` 5 is the most urgent; among equals the lower `step_id` was there first.

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
    """At most `room` candidates: the most urgent first, and among equals the org with the fewest steps in flight.

    `in_flight` counts each org's steps that run or are called already; every choice counts at once,
    so that orgs take turns. A lane in `lane_room` is given that many at most; the others have no limit.
    """
    queues: dict[tuple[int, int], list[Candidate]] = {}
    for candidate in candidates:
        queues.setdefault((candidate.priority, candidate.org_id), []).append(candidate)
    for queue in queues.values():
        queue.sort(key=lambda candidate: candidate.step_id, reverse=True)

    busy, free = dict(in_flight), dict(lane_room or {})
    heap = [(-priority, busy.get(org, 0), queue[-1].step_id, org) for (priority, org), queue in queues.items()]
    heapq.heapify(heap)
    chosen: list[Candidate] = []
    while heap and len(chosen) < room:
        minus_priority, share, step_id, org = heapq.heappop(heap)
        if share != busy.get(org, 0):
            # The org was served at another priority meanwhile: put it back with its true share.
            heapq.heappush(heap, (minus_priority, busy[org], step_id, org))
            continue
        queue = queues[(-minus_priority, org)]
        candidate = queue.pop()
        if free.get(candidate.lane or "", 1) > 0:
            chosen.append(candidate)
            busy[org] = share + 1
            if candidate.lane in free:
                free[candidate.lane] -= 1
        if queue:
            heapq.heappush(heap, (minus_priority, busy.get(org, 0), queue[-1].step_id, org))
    return chosen

"""Which ready steps are called next when there is room for only some of them."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A ready step. `priority` 5 is the most urgent; among equals the lower `step_id` was there first."""

    step_id: int
    org_id: int
    priority: int


def choose(candidates: Sequence[Candidate], in_flight: Mapping[int, int], room: int) -> list[Candidate]:
    """At most `room` candidates: the most urgent first, and among equals the org with the fewest steps in flight.

    `in_flight` counts each org's steps that run or are called already; every choice counts at once,
    so that orgs take turns.
    """
    queues: dict[tuple[int, int], list[Candidate]] = {}
    for candidate in candidates:
        queues.setdefault((candidate.priority, candidate.org_id), []).append(candidate)
    for queue in queues.values():
        queue.sort(key=lambda candidate: candidate.step_id, reverse=True)

    busy = dict(in_flight)
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
        chosen.append(queue.pop())
        busy[org] = share + 1
        if queue:
            heapq.heappush(heap, (minus_priority, busy[org], queue[-1].step_id, org))
    return chosen

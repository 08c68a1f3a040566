"""Who goes next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.webhook_turns import Line, Room, allowed_now, choose, next_free_at, room_in


def test_a_quarter_of_the_slots_is_for_first_attempts() -> None:
    idle = room_in(64, {}, 0)
    assert (idle.general, idle.first_only, idle.most_of_org) == (48, 16, 32)
    retrying = room_in(64, {1: 30, 2: 18}, 48)
    assert (retrying.general, retrying.first_only) == (0, 16)
    full = room_in(64, {1: 32, 2: 32}, 10)
    assert (full.total, full.full_orgs) == (0, [1, 2])


def test_a_process_of_one_slot_sends_all_the_same() -> None:
    assert room_in(1, {}, 0).general == 1
    assert (room_in(2, {}, 0).general, room_in(2, {}, 0).first_only) == (1, 1)


def test_organisations_take_turns_and_endpoints_within_them() -> None:
    lines = [Line(1, [1, 2, 3], [], 3), Line(1, [4, 5, 6], [], 3), Line(2, [7, 8, 9], [], 3)]
    assert choose(lines, Room(general=5)) == [1, 7, 4, 8, 2]


def test_what_an_endpoint_has_no_room_for_stays() -> None:
    assert choose([Line(1, [1, 2, 3], [], 1), Line(1, [4], [], 0)], Room(general=9)) == [1]


def test_slots_for_first_attempts_take_no_others() -> None:
    lines = [Line(1, [1, 2, 3], [9, 10], 3)]
    assert choose(lines, Room(general=1, first_only=5)) == [1, 9, 10]


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3), st.integers(0, 3)), max_size=12),
    st.integers(0, 20),
    st.integers(0, 5),
    st.integers(1, 10),
)
def test_no_limit_is_ever_passed(shapes: list[tuple[int, int, int]], general: int, first: int, most: int) -> None:
    lines = [
        Line(org, [100 * n + i for i in range(due)], [100 * n + i for i in range(1, due)], room)
        for n, (org, due, room) in enumerate(shapes)
    ]
    chosen = choose(lines, Room(general, first, most))
    assert len(chosen) == len(set(chosen)) <= general + first
    for number, line in enumerate(lines):
        assert sum(one // 100 == number for one in chosen) <= line.room
    for org in (1, 2, 3):
        assert sum(lines[one // 100].org_id == org for one in chosen) <= most


def test_a_throttle_lets_as_many_go_as_it_says() -> None:
    # Sixty a minute, asked each tenth of a second for ten minutes.
    free_at: float | None = None
    sent = 0
    for tick in range(6000):
        now = 1000 + tick / 10
        allowed = allowed_now(60, free_at, now)
        if allowed:
            free_at = next_free_at(60, free_at, now, allowed)
            sent += allowed
    assert 600 <= sent <= 601


def test_a_pause_saves_up_a_second_at_most() -> None:
    assert allowed_now(600, None, 1000.0) == 1
    assert allowed_now(600, 0.0, 1000.0) == 11
    assert allowed_now(30, 0.0, 1000.0) == 1
    assert next_free_at(30, 0.0, 1000.0, 1) == 1001.0
    assert allowed_now(60, 1000.5, 1000.0) == 0

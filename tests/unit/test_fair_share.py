"""Fair share: whoever has the least comes first, and among an org's own the most urgent."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.domain.fair_share import Candidate, choose


def test_an_org_with_a_thousand_steps_does_not_delay_another_orgs_single_one() -> None:
    many = [Candidate(step_id, org_id=1, priority=3) for step_id in range(1000)]
    one = Candidate(5000, org_id=2, priority=3)
    assert one in choose([*many, one], {1: 8}, room=1)


def test_orgs_take_turns() -> None:
    candidates = [Candidate(step_id, org_id=step_id % 3, priority=3) for step_id in range(30)]
    served = Counter(candidate.org_id for candidate in choose(candidates, {}, room=9))
    assert served == {0: 3, 1: 3, 2: 3}


def test_the_more_urgent_goes_first_among_an_orgs_own() -> None:
    usual, urgent = Candidate(1, org_id=1, priority=3), Candidate(9, org_id=1, priority=5)
    assert choose([usual, urgent], {}, room=1) == [urgent]


def test_the_more_urgent_goes_first_among_orgs_with_equal_shares() -> None:
    usual, urgent = Candidate(1, org_id=1, priority=3), Candidate(9, org_id=2, priority=5)
    assert choose([usual, urgent], {1: 2, 2: 2}, room=1) == [urgent]


def test_an_org_that_calls_everything_urgent_gets_no_more_than_its_share() -> None:
    urgent = [Candidate(step_id, org_id=1, priority=5) for step_id in range(1000)]
    usual = [Candidate(5000 + number, org_id=2, priority=3) for number in range(3)]
    served = Counter(candidate.org_id for candidate in choose([*urgent, *usual], {}, room=6))
    assert served == {1: 3, 2: 3}


def test_within_an_org_the_first_come_is_the_first_served() -> None:
    candidates = [Candidate(step_id, 1, 3) for step_id in (4, 2, 9)]
    assert [candidate.step_id for candidate in choose(candidates, {}, room=3)] == [2, 4, 9]


def test_a_full_lane_lets_the_steps_behind_it_pass() -> None:
    painted = [Candidate(step_id, 1, 5, lane="painter") for step_id in (1, 2, 3)]
    other = Candidate(4, 1, 3)
    assert choose([*painted, other], {}, room=4, lane_room={"painter": 1}) == [painted[0], other]


def test_a_lane_is_shared_by_the_orgs_in_turn() -> None:
    large = [Candidate(step_id, 1, 3, lane="painter") for step_id in (1, 2, 3)]
    small = Candidate(9, 2, 3, lane="painter")
    assert choose([*large, small], {}, room=4, lane_room={"painter": 2}) == [large[0], small]


candidates_lists = st.lists(
    st.builds(Candidate, st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 5)),
    max_size=40,
    unique_by=lambda candidate: candidate.step_id,
)


@given(candidates_lists, st.dictionaries(st.integers(1, 4), st.integers(0, 9)), st.integers(0, 50))
def test_as_many_as_there_is_room_for_and_none_twice(
    candidates: list[Candidate], in_flight: dict[int, int], room: int
) -> None:
    chosen = choose(candidates, in_flight, room)
    assert len(chosen) == min(room, len(candidates))
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(candidates)

"""How one job comes from another: when that makes sense, and what is done anew."""

from __future__ import annotations

import pytest

from app.domain.descent import EVERYTHING, Relation, fresh_names, require_repeatable, wish_for
from app.domain.errors import Conflict, InvalidInput
from app.domain.plan import StepPlan
from app.domain.states import TERMINAL_JOB_STATUSES, JobStatus, Pool

PLANS = [
    StepPlan(name, "video.clip", Pool.CPU, needs=needs)
    for name, needs in [("a", ()), ("b", ()), ("c", ("a",)), ("d", ("c", "b")), ("e", ("b",))]
]


def test_what_needs_a_fresh_step_is_fresh_however_far_away() -> None:
    assert fresh_names(PLANS, "a") == {"a", "c", "d"}
    assert fresh_names(PLANS, "e") == {"e"}
    assert fresh_names(PLANS, EVERYTHING) == {"a", "b", "c", "d", "e"}
    assert fresh_names(PLANS, None) == frozenset()


def test_a_graph_that_grows_behind_a_fresh_step_is_fresh_from_there() -> None:
    assert fresh_names(PLANS[2:], "a", standing=["a"]) >= {"c", "d"}


@pytest.mark.parametrize("status", JobStatus)
def test_only_what_has_ended_is_repeated(status: JobStatus) -> None:
    for relation in (Relation.RETRY, Relation.RESTART):
        if status in TERMINAL_JOB_STATUSES:
            require_repeatable(status, relation, from_step="a")
        else:
            with pytest.raises(Conflict):
                require_repeatable(status, relation, from_step="a")


def test_a_step_is_known_by_its_name_and_the_script_stands_for_everything() -> None:
    kinds = {"script": "video.script", "scene/1/image": "video.image"}
    assert wish_for(None, kinds) is None
    assert wish_for("scene/1/image", kinds) == "scene/1/image"
    assert wish_for("script", kinds) == EVERYTHING
    with pytest.raises(InvalidInput) as refused:
        wish_for("scene/1/imge", kinds)
    assert refused.value.details["near"] == ["scene/1/image"]

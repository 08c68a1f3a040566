"""How one job comes from another: a terminal job never changes, so acting on it makes a new one.

The new job adopts from its parent what still holds. Which of its steps are done anew is its wish, `fresh_from`:
a step's name (that step and all that needs it), `EVERYTHING`, or None for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from app.domain.errors import Conflict, InvalidInput
from app.domain.plan import StepKind, StepPlan
from app.domain.states import JobStatus
from app.domain.step_names import is_step_or_piece

EVERYTHING = "all"
NEAR_NAMES = 5


class Relation(StrEnum):
    RETRY = "retry"  # the same input; what was finished is adopted, from the failed or a named step on it is done again
    RESTART = "restart"  # the same input; every step is done again
    REVISION = "revision"  # an edited input; what the edit does not touch is adopted


# The relations that stand in for their parent: a job that has such a child has been seen to.
REPEATS = (Relation.RETRY, Relation.RESTART)


def require_repeatable(status: JobStatus, relation: Relation, from_step: str | None = None) -> None:
    """Conflict, saying why, when a job in this status cannot be repeated in this way."""
    if not status.is_terminal:
        raise Conflict(f"The job is {status.value} still. Cancel it first, or wait for its end.", status=status.value)
    if relation is Relation.RETRY and from_step is None and status is JobStatus.SUCCEEDED:
        raise Conflict(
            "The job has succeeded, so no step of it waits to be tried again. "
            "Name the step to do again as from_step, or restart the job.",
            status=status.value,
        )


@dataclass(frozen=True)
class Wish:
    """A job's `fresh_from`. What the parent has made already for an `inherited` one counts as made anew."""

    fresh_from: str | None
    inherited: bool = False


def wish_of_child(own: str | None, parent_status: JobStatus, parent_wish: str | None) -> Wish:
    """A child that wishes for nothing itself goes on with what its parent did not bring to an end."""
    if own is not None or parent_wish is None or parent_status is JobStatus.SUCCEEDED:
        return Wish(own)
    return Wish(parent_wish, inherited=True)


def wish_for(from_step: str | None, kinds: dict[str, str]) -> str | None:
    """The `fresh_from` of a retry from `from_step`. `kinds` maps the parent's step names to their kinds.

    A clip that was made in pieces can be named as a whole: `scene/1/clip`. InvalidInput, with the names that come near,
    for a step that the parent has not.
    """
    if from_step is None:
        return None
    if not any(is_step_or_piece(name, from_step) for name in kinds):
        near = get_close_matches(from_step, kinds, n=NEAR_NAMES)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise InvalidInput("from_step", f"The job has no such step.{hint}", near=near)
    # Everything grows from the script, though no step names it as a need.
    return EVERYTHING if kinds.get(from_step) == StepKind.SCRIPT else from_step


def fresh_names(plans: Sequence[StepPlan], wish: str | None, standing: Collection[str] = ()) -> frozenset[str]:
    """Which of `plans` (each after the steps it needs) are to be done anew; `standing` ones of the job are already."""
    if wish is None:
        return frozenset()
    fresh = set(standing)
    for plan in plans:
        if wish == EVERYTHING or is_step_or_piece(plan.name, wish) or not fresh.isdisjoint(plan.needs):
            fresh.add(plan.name)
    return frozenset(fresh)

"""Results that are known already: kept when a step has given them, adopted by a later one with the same input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Row, Select, bindparam, literal, select, text
from sqlalchemy.orm import Session

from app.domain.states import StepStatus
from app.models import Job, Step, StepResult
from app.models.database import Database
from app.services.claim_step import Claim
from app.storage.protocol import Blob, Storage


@dataclass(frozen=True)
class Known:
    """What a step with this input has given before."""

    outputs: Mapping[str, Blob]
    facts: Mapping[str, Any]

    def is_stored(self, storage: Storage) -> bool:
        return all(storage.has(blob.sha256, blob.size_bytes) for blob in self.outputs.values())


# Built once, for the same reason as those of a claim.
PARENTS_OWN = (
    select(Step.outputs, Step.facts)
    .where(
        Step.job_id == bindparam("id_of_parent"),
        Step.input_hash == bindparam("hash"),
        Step.status == StepStatus.SUCCEEDED,
    )
    .order_by(Step.name != bindparam("own_name"), Step.id)
    .limit(1)
)
PARENTS_FRESH = PARENTS_OWN.where(Step.fresh)


def _ancestors_own(*, of_one_wish: bool) -> Select[Any]:
    """As PARENTS_OWN, of the nearest of the parent's own ancestors that has the result.

    `of_one_wish` goes only as far up as the wish to make steps anew was inherited, and takes what was made for it.
    """
    parent = select(Job.parent_id.label("id"), Job.inherits_wish, literal(1).label("distance")).where(
        Job.id == bindparam("id_of_parent")
    )
    above = parent.cte("above", recursive=True)
    further = select(Job.parent_id, Job.inherits_wish, above.c.distance + 1).join(above, Job.id == above.c.id)
    if of_one_wish:
        further = further.where(above.c.inherits_wish)
    above = above.union_all(further)
    query = (
        select(Step.outputs, Step.facts)
        .join(above, Step.job_id == above.c.id)
        .where(Step.input_hash == bindparam("hash"), Step.status == StepStatus.SUCCEEDED)
        .order_by(above.c.distance, Step.name != bindparam("own_name"), Step.id)
        .limit(1)
    )
    return query.where(Step.fresh, above.c.inherits_wish) if of_one_wish else query


ANCESTORS_OWN = _ancestors_own(of_one_wish=False)
ANCESTORS_FRESH = _ancestors_own(of_one_wish=True)
REMEMBERED = select(StepResult.outputs, StepResult.facts).where(
    StepResult.org_id == bindparam("id_of_org"), StepResult.input_hash == bindparam("hash")
)


def adoptable(database: Database, claim: Claim, input_hash: str) -> list[Known]:
    """Results of earlier steps of the same org with the same input, the best first.

    The parent's own comes before the last one that was remembered: a vendor paints another picture each time, and an
    edited video keeps the pictures that it had. A parent that ended before it came to this step has none; then the
    nearest ancestor's counts. For a step that is to be done anew only theirs count, if made anew for the same wish.
    """
    if claim.fresh and not claim.inherits_wish:
        return []
    with database.read() as session:
        connection = session.connection()
        rows: list[Row[Any]] = []
        if claim.parent_id is not None:
            parent = {"id_of_parent": claim.parent_id, "own_name": claim.name}
            parent_first = (PARENTS_FRESH, ANCESTORS_FRESH) if claim.fresh else (PARENTS_OWN, ANCESTORS_OWN)
            for query in parent_first:
                # The parent nearly always has it: whoever is above is asked only when it has not.
                rows = rows or list(connection.execute(query, {**parent, "hash": input_hash}))
        if not claim.fresh:
            rows += connection.execute(REMEMBERED, {"id_of_org": claim.org_id, "hash": input_hash})
        return [
            Known({name: Blob.from_json(blob) for name, blob in (outputs or {}).items()}, facts or {})
            for outputs, facts in rows
        ]


# As text: both databases read the very same words, and SQLAlchemy would compose its own clause anew each time.
REMEMBER = text(
    """
    INSERT INTO step_results (org_id, input_hash, outputs, facts, created_at)
    VALUES (:org_id, :input_hash, :outputs, :facts, :created_at)
    ON CONFLICT (org_id, input_hash)
    DO UPDATE SET outputs = excluded.outputs, facts = excluded.facts, created_at = excluded.created_at
    """
).bindparams(bindparam("outputs", type_=JSON), bindparam("facts", type_=JSON))


def remember(
    session: Session, org_id: int, input_hash: str, outputs: Mapping[str, Any], facts: Mapping[str, Any], now: float
) -> None:
    """Keep the result for adoption. Another job may have made the same one meanwhile; theirs is replaced by ours.

    In one statement: two jobs with the same words finish the same step at the same moment.
    """
    row = {"org_id": org_id, "input_hash": input_hash, "outputs": outputs, "facts": facts, "created_at": now}
    session.connection().execute(REMEMBER, row)

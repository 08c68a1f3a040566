"""Everything that happens to the jobs of organisations, in one order that loses nothing (`app.models.event`).

A reader keeps its place and asks for the window behind it: an event is in exactly one of the windows that follow each
other, however late its transaction was committed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal, select, tuple_
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput
from app.domain.states import JobKind
from app.models import Job, JobEvent
from app.models.database import Database
from app.models.event import CORRELATION_ID, events_horizon

# Events of all organisations that one question goes over; so many keys are read in a few milliseconds.
WINDOW = 2000

ORDER = (JobEvent.position, JobEvent.job_id, JobEvent.seq)
_WRITTEN = re.compile(r"(?P<position>[0-9]{1,18})(?:\.(?P<job>[a-z]{3}_[0-9a-z]{1,40})\.(?P<seq>[0-9]{1,9}))?")


@dataclass(frozen=True, order=True)
class Place:
    """Between two events: behind number `seq` of the job with the row `job_id`, written at `position`."""

    position: int
    job_id: int = 0
    seq: int = 0


@dataclass(frozen=True)
class OrgEvent:
    """An event of a job, with the place behind it. `job_id` is what the caller knows the job by.

    `correlation_id` is of the request that caused it: one that acted on the job, else the one that made it.
    """

    place: Place
    org_id: int
    job_id: str
    correlation_id: str
    seq: int
    type: str
    at: float
    data: dict[str, Any]

    @property
    def id(self) -> str:
        """The place, written so that nobody learns the number of anyone's rows from it."""
        return f"{self.place.position}.{self.job_id}.{self.seq}"


@dataclass(frozen=True)
class Window:
    """The events behind one place, up to another; `is_last` when there are none beyond it now."""

    events: tuple[OrgEvent, ...]
    end: Place
    is_last: bool


def place_now(database: Database) -> Place:
    """Behind all that is past: from here on a reader sees what happens after this call."""
    with database.read() as session:
        return Place(session.execute(select(events_horizon())).scalar_one())


def place_of(database: Database, org_id: int, written: str) -> Place | None:
    """The place behind the event with this id; None when the database that gave it is not this one any more.

    InvalidInput for what is no id of the organisation's stream.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise _no_such_place()
    place = Place(int(found["position"]))
    with database.read() as session:
        if found["job"] is not None:
            job_id = session.scalar(select(Job.id).where(Job.public_id == found["job"], Job.org_id == org_id))
            if job_id is None:
                raise _no_such_place()
            place = Place(place.position, job_id, int(found["seq"]))
        horizon = session.execute(select(events_horizon())).scalar_one()
    # No reader was ever shown more than there is, unless a backup was played back since.
    return place if place.position <= horizon else None


def read_window(
    database: Database, after: Place, org_ids: Collection[int], until: Place | None = None, limit: int = WINDOW
) -> Window:
    """What happened to jobs of these organisations behind `after`, in order, as far as one question goes."""
    with database.read() as session:
        horizon, keys = _keys(session, after, until, limit)
        is_last = len(keys) < limit
        end = (until or Place(horizon)) if is_last else keys[-1]
        if not keys:
            return Window((), max(end, after), is_last)
        return Window(tuple(_events(session, after, keys[-1], org_ids, limit)), max(end, after), is_last)


def _keys(session: Session, after: Place, until: Place | None, limit: int) -> tuple[int, list[Place]]:
    """The places of the next events of everyone, and how far no more will come. It reads the index alone."""
    behind = tuple_(*ORDER) > _tuple(after)
    up_to = JobEvent.position < events_horizon() if until is None else tuple_(*ORDER) <= _tuple(until)
    found = select(*ORDER).where(behind, up_to).order_by(*ORDER).limit(limit).subquery()
    horizon = select(events_horizon().label("horizon")).subquery()
    rows = session.execute(
        select(horizon.c.horizon, found).select_from(horizon).outerjoin(found, found.c.seq.is_not(None))
    ).all()
    places = sorted(Place(*place) for _, *place in rows if place[0] is not None)
    return rows[0].horizon, places


def _events(session: Session, after: Place, last: Place, org_ids: Collection[int], limit: int) -> list[OrgEvent]:
    # The window first, by its limit: a plan that began with an organisation's jobs would read all that they ever told.
    window = (
        select(JobEvent)
        .where(tuple_(*ORDER) > _tuple(after), tuple_(*ORDER) <= _tuple(last))
        .order_by(*ORDER)
        .limit(limit)
        .subquery()
    )
    rows = session.execute(
        select(window, Job.public_id, Job.org_id, Job.correlation_id)
        .join(Job, Job.id == window.c.job_id)
        .where(Job.org_id.in_(org_ids), Job.kind != JobKind.CANARY)
        .order_by(window.c.position, window.c.job_id, window.c.seq)
    )
    return [
        OrgEvent(
            Place(row.position, row.job_id, row.seq),
            row.org_id,
            row.public_id,
            row.data.get(CORRELATION_ID, row.correlation_id),
            row.seq,
            row.type,
            row.at,
            row.data,
        )
        for row in rows
    ]


def _no_such_place() -> InvalidInput:
    return InvalidInput("Last-Event-ID", "Last-Event-ID must be the id of an event of this stream.")


def _tuple(place: Place) -> Any:
    return tuple_(literal(place.position), literal(place.job_id), literal(place.seq))

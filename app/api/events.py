"""`GET /api/jobs/{id}/events`: a job's timeline as server-sent events, from the start or from Last-Event-ID on.

Stored events carry their number as `id`, so that a browser that reconnects misses none and sees none twice.
Between them `progress` events without a number carry the whole job whenever what it shows has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import structlog
from apiflask import APIBlueprint
from flask import Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from app.api.context import Responses, current_caller, current_farm, current_signer
from app.api.event_types import STORED_EVENTS
from app.api.facts import Facts
from app.api.hung_up import hung_up
from app.api.presenters import present_job
from app.api.schemas import iso_time
from app.api.server_events import (
    HEARTBEAT,
    RETRY_MS,
    SHARE_TAKEN,
    current_streams,
    last_event_id_header,
    message,
    stream_of,
)
from app.api.streams import Streams
from app.api.watch import Watch
from app.domain.errors import InvalidInput
from app.domain.signatures import Signer
from app.models.database import Database
from app.services.caller import Caller
from app.services.job_views import EventView, JobView, events_after, get_job
from config.redaction import redact

log = structlog.get_logger()
events = APIBlueprint("events", __name__, tag="Jobs")

BATCH = 500
MAX_SEQ = 2**31 - 1


@dataclass(frozen=True)
class Glimpse:
    """A job as it is, and the next of its stored events."""

    job: JobView
    events: list[EventView]

    @property
    def is_last(self) -> bool:
        """The job was read before its events, so a job that has ended has none beyond these."""
        return self.job.status.is_terminal and len(self.events) < BATCH


ANSWERS: Responses = {
    200: {
        "description": "The stream. It ends when the job does.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    204: {"description": "The job has ended and nothing is left to tell; a browser then stops reconnecting"},
    429: SHARE_TAKEN,
}


DESCRIPTION = "\n".join(
    [
        "Server-sent events. Stored ones have an `id`; send the last one seen as `Last-Event-ID` to go on from there. "
        "Between them `progress`, without one, carries the job as `GET /api/jobs/{job_id}` shows it. "
        "A comment line each 15 seconds keeps the connection open.",
        "",
        "Each stored one has its `type`, the time `at`, and the `correlation_id` of the request that caused it: of the "
        "one that made the job, or of the one that stopped it.",
        "",
        "| event | says |",
        "| --- | --- |",
        *(f"| `{type_}` | {line} |" for type_, line in STORED_EVENTS.items()),
    ]
)


@events.get("/api/jobs/<job_id>/events")
@events.doc(operation_id="followJob", summary="Follow a job", description=DESCRIPTION, responses=ANSWERS)
@Facts(reads=(last_event_id_header("^[0-9]{1,9}$"),))
def follow(job_id: str) -> Response:
    farm, caller = current_farm(), current_caller()
    seq = last_event_id(request.headers.get("Last-Event-ID"))
    first = look(farm.database, caller, job_id, seq)
    if first.is_last and not first.events:
        return Response(status=204)
    watch = cast(Watch, current_app.extensions["watch"])
    told = tell(farm.database, caller, first, seq, watch, current_streams(), current_signer(), hung_up(request.environ))
    return stream_of(told, caller.org_id)


def last_event_id(given: str | None) -> int:
    """The number of the last event that the caller has; 0 for none."""
    if not given:
        return 0
    if not (given.isascii() and given.isdecimal() and int(given[:12]) <= MAX_SEQ):
        raise InvalidInput("Last-Event-ID", "Last-Event-ID must be the id of an event of this stream.")
    return int(given[:12])


def look(database: Database, caller: Caller, job_id: str, seq: int) -> Glimpse:
    """The job, then its events: in this order an end of the job that is seen has its events seen too."""
    job = get_job(database, caller.org_id, job_id)
    return Glimpse(job, events_after(database, caller.org_id, job_id, seq, BATCH))


def tell(
    database: Database,
    caller: Caller,
    first: Glimpse,
    seq: int,
    watch: Watch,
    streams: Streams,
    signer: Signer,
    is_gone: Callable[[], bool],
) -> Iterator[str]:
    """The stream's text, piece by piece, until the job or the key ends, the client goes or the server stops."""
    yield f"retry: {RETRY_MS}\n\n"
    glimpse, shown = first, None
    with watch.follow(first.job.id, caller.credential) as follower:
        while True:
            pieces = []
            state = present_job(glimpse.job, signer).model_dump(mode="json")
            if state != shown:
                # As the job's own address shows it, where what a vendor may have said is redacted.
                pieces.append(message("progress", state))
                shown = state
            pieces += [numbered(event) for event in glimpse.events]
            if glimpse.events:
                seq = glimpse.events[-1].seq
            yield "".join(pieces) or f"{HEARTBEAT}\n"
            if glimpse.is_last:
                return
            if len(glimpse.events) < BATCH:
                follower.wait(streams.heartbeat_s, is_gone)
            if is_gone() or streams.is_closing() or not follower.is_welcome:
                return
            try:
                glimpse = look(database, caller, glimpse.job.id, seq)
            except SQLAlchemyError as error:
                # A closed stream would reconnect into a 503, and a browser gives up on that; an open one just waits.
                about = {"job_id": glimpse.job.id, "correlation_id": glimpse.job.correlation_id}
                log.warning("stream_waits_for_database", reason=type(error).__name__, **about)
                glimpse = Glimpse(glimpse.job, [])
                follower.forget()


def numbered(event: EventView) -> str:
    """A stored event; it may quote what a vendor has answered, and that our key."""
    about = {"type": event.type, "at": iso_time(event.at), "correlation_id": event.correlation_id}
    return redact(message(event.type, {**about, **event.data}, event.seq))

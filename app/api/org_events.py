"""`GET /api/events`: what happens to all jobs of the organisation as server-sent events, from now or Last-Event-ID on.

Each has an `id`, so that who reconnects misses none and sees none twice. Heartbeats carry one too: whoever has long
heard nothing must not have all of that time read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import structlog
from apiflask import APIBlueprint
from flask import Response, current_app, request
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from app.api.context import Responses, current_caller, current_farm
from app.api.event_types import STORED_EVENTS
from app.api.facts import Facts
from app.api.hung_up import hung_up
from app.api.org_watch import Dealt, OrgWatch
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
from app.api.strict import Flag
from app.models.database import Database
from app.services.org_events import OrgEvent, Place, place_now, place_of, read_window
from config.redaction import redact

log = structlog.get_logger()
org_events = APIBlueprint("org_events", __name__, tag="Jobs")

# Told to who comes with an id that the database has not given: what it missed is not known.
RESET = "reset"
AGAIN_S = 1.0
ANSWERS: Responses = {
    200: {
        "description": "The stream. It has no end.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    429: SHARE_TAKEN,
}
DESCRIPTION = "\n".join(
    [
        "Server-sent events: the stored events of every job, with `job_id`, the `seq` that the event has in the job's "
        "own stream, and the job's `correlation_id`. It begins now, or behind the event whose `id` you send as "
        "`Last-Event-ID`; nothing is left out between the two connections, and nothing told twice. The events of one "
        "job come in their order. A comment line each 15 seconds keeps the connection open. The stream ends when the "
        "key does.",
        "",
        "| event | says |",
        "| --- | --- |",
        *(f"| `{type_}` | {line} |" for type_, line in STORED_EVENTS.items()),
        f"| `{RESET}` | Your last id is of another time (a backup was played back): look at the lists again. |",
    ]
)


class OrgEventsQuery(BaseModel):
    """Query parameters arrive as text; an unknown one is an error all the same."""

    model_config = {"extra": "forbid"}

    steps: Flag = Field(True, description="`false` leaves out what happens to single steps.")


@dataclass(frozen=True)
class Listening:
    """Who listens to what: everything of an organisation, or only what happens to whole jobs."""

    org_id: int
    credential: str
    with_steps: bool

    def wants(self, event: OrgEvent) -> bool:
        return self.with_steps or not event.type.startswith("step.")


@org_events.get("/api/events")
@org_events.input(OrgEventsQuery, location="query")
@org_events.doc(operation_id="followOrg", summary="Follow all jobs", description=DESCRIPTION, responses=ANSWERS)
@Facts(reads=(last_event_id_header(r"^[0-9]{1,18}(\.[a-z]{3}_[0-9a-z]+\.[0-9]{1,9})?$"),))
def follow(query_data: OrgEventsQuery) -> Response:
    database, caller = current_farm().database, current_caller()
    now = place_now(database)
    given = request.headers.get("Last-Event-ID")
    since = place_of(database, caller.org_id, given) if given else now
    watch = cast(OrgWatch, current_app.extensions["org_watch"])
    listening = Listening(caller.org_id, caller.credential, with_steps=query_data.steps)
    told = tell(database, listening, since, now, watch, current_streams(), hung_up(request.environ))
    return stream_of(told, caller.org_id)


def tell(
    database: Database,
    listening: Listening,
    since: Place | None,
    now: Place,
    watch: OrgWatch,
    streams: Streams,
    is_gone: Callable[[], bool],
) -> Iterator[str]:
    """The stream's text, piece by piece, until the client goes, is not welcome any more or the server stops.

    `since` is behind the last event that the caller has seen; None when nobody knows what that was.
    """
    place = since or now
    yield f"retry: {RETRY_MS}\n\n" + (message(RESET, {"type": RESET}, now.position) if since is None else "")
    with watch.follow(listening.org_id, listening.credential, now) as follower:
        dealt, is_told = follower.take(), False
        while True:
            try:
                # Whatever was heard, an id goes out: a connection that breaks before the next event loses none either.
                for events, reached in unseen(database, listening.org_id, place, dealt):
                    place = reached
                    yield "".join(written(event) for event in events if listening.wants(event)) or heartbeat(place)
                is_told = True
            except SQLAlchemyError as error:
                # A closed stream would reconnect into a 503, and a browser gives up on that; an open one just waits.
                log.warning("org_stream_waits_for_database", reason=type(error).__name__)
            follower.wait(streams.heartbeat_s if is_told else AGAIN_S, is_gone)
            if is_gone() or streams.is_closing() or not follower.is_welcome:
                return
            if is_told:
                dealt, is_told = follower.take(), False


def unseen(database: Database, org_id: int, place: Place, dealt: Dealt) -> Iterator[tuple[Sequence[OrgEvent], Place]]:
    """Events behind `place`, with the place behind them: those not dealt, read here, then those dealt."""
    while place < dealt.begin:
        window = read_window(database, place, (org_id,), until=dealt.begin)
        place = window.end
        yield window.events, place
    yield [event for event in dealt.events if event.place > place], max(place, dealt.end)


def written(event: OrgEvent) -> str:
    """One event; it may quote what a vendor has answered, and that our key."""
    known = {"type": event.type, "at": iso_time(event.at), "job_id": event.job_id, "seq": event.seq}
    data = {**known, "correlation_id": event.correlation_id, **event.data}
    return redact(message(event.type, data, event.id))


def heartbeat(place: Place) -> str:
    """With the place as id, where it is not in the middle of other organisations' events."""
    return HEARTBEAT + ("" if place.job_id else f"id: {place.position}\n") + "\n"

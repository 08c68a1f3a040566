"""Everything that happens to the organisation's jobs, whatever happens to the connection on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.client.errors import AnswerError, FarmUnreachable
from app.client.follow import READ_BYTES, SILENCE_S
from app.client.server_events import EventReader, ServerEvent
from app.client.transport import Transport
from app.client.values import understand

PATH = "/api/events"


@dataclass(frozen=True)
class OrgEvent:
    """Something that happened to a job: its `seq`-th event. `id` is where to go on after it.

    A `reset` is of no job (`job_id` empty): the farm plays from a backup, and what was missed is not known.
    """

    id: str
    type: str
    job_id: str
    seq: int
    correlation_id: str
    data: Mapping[str, Any]


def follow_org(transport: Transport, after: str | None, *, steps: bool) -> Iterator[OrgEvent]:
    """Each event from now on, or behind the one whose id is `after`; without end, and over broken connections.

    Raises FarmUnreachable (or FarmUnable) when no answer came for as long as the transport is patient, and at once
    what no patience helps: NotAuthorized when the key has come to its end.
    """
    path = PATH if steps else f"{PATH}?steps=false"
    last_id, patience = after or "", transport.patience()
    while True:
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
        reader = EventReader(last_id)
        try:
            with transport.open("GET", path, headers=headers, silence_s=SILENCE_S) as answer:
                while chunk := transport.read_some(answer, READ_BYTES):
                    patience.renew()
                    for event in reader.feed(chunk):
                        yield _org_event(event)
            raise FarmUnreachable(f"The stream of {transport.url} ended.")
        except (FarmUnreachable, AnswerError) as error:
            # Heartbeats have ids too, so this is where the connection broke and not where the last event was.
            last_id = reader.last_id
            patience.wait(error)


def _org_event(event: ServerEvent) -> OrgEvent:
    data = understand(json.loads, event.data)
    return understand(
        lambda read: OrgEvent(
            event.id, event.type, read.get("job_id", ""), read.get("seq", 0), read.get("correlation_id", ""), read
        ),
        data,
    )

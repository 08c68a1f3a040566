"""A job from now to its end, whatever happens to the connection on the way.

Every round asks for the job itself, then listens to its stream until that ends or breaks.
When no stream is to be had the rounds alone remain, which is polling.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import chain
from urllib.parse import quote

from app.client.errors import AnswerError, FarmUnreachable
from app.client.server_events import EventReader, ServerEvent
from app.client.transport import Transport
from app.client.values import Job, JobEvent, understand

# The farm sends a heartbeat each 15 s; a stream that is silent for two of them is dead.
SILENCE_S = 35.0
POLL_S = 1.0
READ_BYTES = 1 << 16
PROGRESS = "progress"


def job_path(job_id: str) -> str:
    return f"/api/jobs/{quote(job_id, safe='')}"


def follow(transport: Transport, job_id: str) -> Iterator[Job]:
    """The job as it is, then whenever it changes, last of all in its terminal state.

    Raises FarmUnreachable (or FarmUnable) when no answer came for as long as the transport is patient.
    """
    last: Job | None = None
    listener = Listener(transport, job_id)
    while True:
        asked = understand(Job.from_json, transport.get(job_path(job_id)))
        for job in chain([asked], listener.listen()):
            if job != last:
                yield (last := job)
            if job.is_terminal:
                return


def history(transport: Transport, job_id: str) -> list[JobEvent]:
    """All numbered events of a job that has ended; the farm closes the stream of such a job after the last one."""
    patience = transport.patience()
    while True:
        try:
            return [_job_event(event) for event in Listener(transport, job_id).events() if event.type != PROGRESS]
        except (FarmUnreachable, AnswerError) as error:
            patience.wait(error)


class Listener:
    """Listens to one job's stream, and remembers across connections which event was the last."""

    def __init__(self, transport: Transport, job_id: str) -> None:
        self._transport = transport
        self._path = job_path(job_id) + "/events"
        self._last_event_id = ""
        # Some proxies keep a stream to themselves until it ends.
        self._is_mute = False

    def listen(self) -> Iterator[Job]:
        """The job after each change, until the stream ends or breaks.

        When no event came there is a pause, so that asking again and again stays polling.
        """
        heard_id = self._last_event_id
        try:
            for event in self.events():
                if event.type == PROGRESS:
                    yield understand(Job.from_json, understand(json.loads, event.data))
        except (FarmUnreachable, AnswerError):
            # How long the farm may be away is decided where the job itself is asked for.
            pass
        if self._last_event_id == heard_id:
            time.sleep(POLL_S)

    def events(self) -> Iterator[ServerEvent]:
        """The events that follow the last one heard, until the stream ends; raises the ClientErrors when it breaks."""
        if self._is_mute:
            return
        headers = {"Accept": "text/event-stream"}
        if self._last_event_id:
            headers["Last-Event-ID"] = self._last_event_id
        with self._transport.open("GET", self._path, headers=headers, silence_s=SILENCE_S) as response:
            self._is_mute = True
            reader = EventReader(self._last_event_id)
            while chunk := self._transport.read_some(response, READ_BYTES):
                self._is_mute = False
                for event in reader.feed(chunk):
                    self._last_event_id = event.id
                    yield event


def _job_event(event: ServerEvent) -> JobEvent:
    return JobEvent(understand(int, event.id), event.type, understand(json.loads, event.data))

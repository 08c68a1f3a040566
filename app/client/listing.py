"""Looking before asking, and looking back: what a video would be, and the jobs that were asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlencode

from app.client.transport import Transport
from app.client.values import Job, understand
from app.client.video_request import VideoRequest
from app.domain.states import JobStatus

PAGE = 100


@dataclass(frozen=True)
class Estimate:
    """What a video would be; None for what cannot be known, and `notes` say why."""

    video_seconds: float | None
    scenes: int | None
    steps: int | None
    cost_microcents: int | None
    eta_seconds: int | None
    notes: tuple[str, ...]

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(
            video_seconds=value["video_seconds"],
            scenes=value["scenes"],
            steps=value["steps"],
            cost_microcents=value["cost_microcents"],
            eta_seconds=value["eta_seconds"],
            notes=tuple(value["notes"]),
        )


class Listing:
    """A part of the Client."""

    _transport: Transport

    def estimate(self, request: VideoRequest) -> Estimate:
        """What `submit_video` of this would give, with nothing stored; BadRequest for what that would refuse."""
        answer = self._transport.send_json("POST", "/api/videos/estimate", request.to_json())
        return understand(Estimate.from_json, answer)

    def list_jobs(
        self,
        *,
        statuses: Sequence[JobStatus] = (),
        kind: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        text: str | None = None,
        subject_id: str | None = None,
        page_size: int = PAGE,
    ) -> Iterator[Job]:
        """All jobs that the filters find, newest first; asks for a page when the one before has been used up.

        Times have their zone, `since` included and `until` not. `text` is a part of title, id or subject. A job that
        comes in meanwhile is not among them.
        """
        filters = {
            "status": ",".join(statuses) or None,
            "kind": kind,
            "since": None if since is None else since.isoformat(),
            "until": None if until is None else until.isoformat(),
            "text": text,
            "subject_id": subject_id,
        }
        query: dict[str, str | int] = {name: value for name, value in filters.items() if value is not None}
        query["limit"] = page_size
        has_more = True
        while has_more:
            answer = self._transport.get(f"/api/jobs?{urlencode(query)}")
            page, has_more = understand(_page_of, answer)
            yield from page
            query["starting_after"] = page[-1].id if page else ""


def _page_of(value: Any) -> tuple[list[Job], bool]:
    return [Job.from_json(job) for job in value["items"]], bool(value["has_more"])

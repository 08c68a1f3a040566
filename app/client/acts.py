"""Acting on jobs: what is asked of them and what became of it, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from app.client.values import time_of
from app.client.video_request import without_none
from app.domain.revision import SceneEdit
from app.domain.states import JobStatus, StepStatus


def edit_to_json(edit: SceneEdit) -> dict[str, Any]:
    """What is left out stays as it is; a null takes it away."""
    body: dict[str, Any] = {} if edit.text is None else {"text": edit.text}
    if edit.title is not None:
        body["title"] = edit.title.value
    if edit.image is not None:
        body["image"] = edit.image.value
    if edit.video is not None:
        body["video"] = without_none(edit.video.value)
    if edit.background is not None:
        body["background"] = without_none(edit.background.value)
    if edit.effect is not None:
        body["effect"] = without_none(edit.effect.value)
    if edit.regenerate:
        body["regenerate"] = [part.value for part in edit.regenerate]
    return body


@dataclass(frozen=True)
class JobFilter:
    """All that is given must hold, and something must be. Times have their zone; `created_after` is included."""

    statuses: tuple[JobStatus, ...] | None = None
    kind: str | None = None
    created_before: datetime | None = None
    created_after: datetime | None = None
    ids: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        given = {
            "status": self.statuses,
            "kind": self.kind,
            "created_before": None if self.created_before is None else self.created_before.isoformat(),
            "created_after": None if self.created_after is None else self.created_after.isoformat(),
            "ids": self.ids,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True)
class BulkResult:
    """What was done with one job: `canceled`, `retried` (by the job `new_id`), or `skipped`, and then why."""

    id: str
    done: str
    new_id: str | None
    message: str | None


@dataclass(frozen=True)
class Bulk:
    """`count` jobs were found; `capped` when one request does not act on them all. `results` None: only counted."""

    count: int
    capped: bool
    results: tuple[BulkResult, ...] | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        results = None
        if value["results"] is not None:
            results = tuple(
                BulkResult(result["id"], result["done"], result["new_id"], result["message"])
                for result in value["results"]
            )
        return cls(value["count"], value["capped"], results)


@dataclass(frozen=True)
class StepError:
    """Why a step's last attempt failed."""

    code: str
    message: str


@dataclass(frozen=True)
class JobStep:
    """One unit of a job's work; its `name` can be the `from_step` of a retry.

    `adopted`: an earlier result was taken over. `fresh`: it was not to be.
    """

    name: str
    kind: str
    status: StepStatus
    adopted: bool
    fresh: bool
    attempts: int
    started_at: datetime | None
    finished_at: datetime | None
    error: StepError | None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        error = value["error"]
        return cls(
            name=value["name"],
            kind=value["kind"],
            status=StepStatus(value["status"]),
            adopted=value["adopted"],
            fresh=value["fresh"],
            attempts=value["attempts"],
            started_at=time_of(value["started_at"]),
            finished_at=time_of(value["finished_at"]),
            error=None if error is None else StepError(error["code"], error["message"]),
        )

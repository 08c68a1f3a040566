"""The query of `GET /api/jobs`, and what it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.api.cursors import PageQuery
from app.api.moments import Moment
from app.domain.states import JobStatus
from app.services.job_lists import JobSearch


def _read_statuses(value: object) -> object:
    names = value.split(",") if isinstance(value, str) else []
    if not names or not set(names) <= set(JobStatus):
        raise PydanticCustomError("statuses", f"Must be one or more, with commas, of {', '.join(JobStatus)}.")
    return [JobStatus(name) for name in names]


class JobQuery(PageQuery):
    status: Annotated[list[JobStatus], BeforeValidator(_read_statuses)] | None = Field(
        None, description="Only jobs with one of these statuses: `queued,running`."
    )
    kind: Literal["video"] | None = Field(None, description="Only jobs of this kind.")
    since: Moment | None = Field(None, description="Only jobs accepted at this time or later.")
    until: Moment | None = Field(None, description="Only jobs accepted before this time.")
    text: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="Only jobs with this in their title, id or `subject_id`, in capitals or not.",
    )
    subject_id: str | None = Field(None, min_length=1, max_length=128, description="Only jobs of this subject.")

    def to_search(self) -> JobSearch:
        return JobSearch(
            statuses=tuple(self.status or ()),
            kind=self.kind,
            since=None if self.since is None else self.since.timestamp(),
            until=None if self.until is None else self.until.timestamp(),
            text=self.text,
            subject_id=self.subject_id,
        )

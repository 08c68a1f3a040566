"""The audit log's query and answer, as OpenAPI describes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from app.api.cursors import PageQuery
from app.api.moments import Moment
from app.api.schemas import Envelope, Time
from app.domain.audit_actions import AuditAction
from app.services.audit_views import AuditFilter


class AuditQuery(PageQuery):
    action: AuditAction | None = Field(None, description="Only acts of this kind.")
    actor: str | None = Field(None, max_length=64, description="Only acts of this key or user; its id.")
    target: str | None = Field(
        None, max_length=200, description="Only what was done to this; a job's id, for instance."
    )
    since: Moment | None = Field(None, description="Only acts at this time or later.")
    until: Moment | None = Field(None, description="Only acts before this time.")

    def to_filter(self) -> AuditFilter:
        return AuditFilter(
            action=self.action,
            actor=self.actor,
            target=self.target,
            since=None if self.since is None else self.since.timestamp(),
            until=None if self.until is None else self.until.timestamp(),
        )


class AuditKey(BaseModel):
    id: str = Field(examples=["4k8zq0v2m7x1"])
    name: str = Field(examples=["local.key"])


class AuditUser(BaseModel):
    id: str = Field(examples=["usr_4k8zq0v2m7x1c9p3"])
    email: str = Field(examples=["ada@example.com"])


class AuditEntry(BaseModel):
    """One act. Who did it: the `key` it came with, and the `user` who was signed in or whose key it is.

    Without both it was done on the farm's own host.
    """

    id: str = Field(examples=["aud_1042"])
    at: Time
    action: AuditAction = Field(examples=["job.canceled"])
    target: str = Field(
        description="The id of what it was done to; `jobs` where that was many.", examples=["vid_4k8zq0v2m7x1c9p3"]
    )
    key: AuditKey | None = Field(description="The API key, if it came with one.")
    user: AuditUser | None = Field(description="The person, if it was one's.")
    ip: str | None = Field(description="The address it came from.", examples=["192.0.2.7"])
    correlation_id: str
    before: dict[str, Any] | None = Field(
        description="What was there before, in few words.", examples=[{"status": "running"}]
    )
    after: dict[str, Any] | None = Field(
        description="What is there now, in few words.", examples=[{"status": "canceled"}]
    )


class AuditPage(BaseModel):
    items: list[AuditEntry] = Field(description="Newest first.")
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class AuditPageAnswer(Envelope):
    data: AuditPage

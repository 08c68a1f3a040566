"""What is asked of webhook messages and the attempts to deliver them, and what is answered."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from app.api.cursors import PageQuery
from app.api.moments import Moment
from app.api.schemas import Envelope, Time
from app.api.strict import NO_NUL, Strict
from app.domain.webhook_states import AttemptError, DeliveryStatus
from app.services.webhook_lists import AttemptFilter, MessageFilter
from app.services.webhook_views import AttemptStatus


class MessageQuery(PageQuery):
    type: str | None = Field(None, max_length=64, description="Only messages of this type.")
    status: DeliveryStatus | None = Field(None, description="Only messages with a delivery of this status.")
    endpoint: str | None = Field(
        None, max_length=64, description="Only messages for this endpoint; with `status`, its delivery has that."
    )
    job: str | None = Field(None, max_length=64, description="Only messages about this job.")
    since: Moment | None = Field(None, description="Only messages of this time or later.")
    until: Moment | None = Field(None, description="Only messages before this time.")

    def to_filter(self) -> MessageFilter:
        return MessageFilter(
            type=self.type,
            status=self.status,
            endpoint_id=self.endpoint,
            job_id=self.job,
            since=None if self.since is None else self.since.timestamp(),
            until=None if self.until is None else self.until.timestamp(),
        )


class AttemptQuery(PageQuery):
    type: str | None = Field(None, max_length=64, description="Only attempts at messages of this type.")
    status: AttemptStatus | None = Field(None, description="Only attempts that ended so.")
    endpoint: str | None = Field(None, max_length=64, description="Only attempts at this endpoint.")
    since: Moment | None = Field(None, description="Only attempts at this time or later.")
    until: Moment | None = Field(None, description="Only attempts before this time.")

    def to_filter(self) -> AttemptFilter:
        return AttemptFilter(
            type=self.type,
            status=self.status,
            endpoint_id=self.endpoint,
            since=None if self.since is None else self.since.timestamp(),
            until=None if self.until is None else self.until.timestamp(),
        )


class ResendRequest(Strict):
    """The body may be left out."""

    endpoint_id: str | None = Field(
        None,
        max_length=64,
        json_schema_extra=NO_NUL,
        description="To this endpoint alone, be it that it never got it; else to all that it was for.",
    )


RESEND_EXAMPLES = {
    "all": {"summary": "To all that it was for", "value": {}},
    "one": {"summary": "To one", "value": {"endpoint_id": "whe_4k8zq0v2m7x1c9p3"}},
}


class WebhookDelivery(BaseModel):
    """One message on its way to one endpoint."""

    endpoint_id: str = Field(examples=["whe_4k8zq0v2m7x1c9p3"])
    status: DeliveryStatus = Field(
        description="`pending`: it waits for its next attempt. `sending`: one is under way. `delivered`: the receiver "
        "answered 2xx. `failed`: it is not tried any more.",
        examples=["delivered"],
    )
    attempts: int = Field(description="How many the schedule has made; not those by hand.", examples=[1])
    next_at: Time | None = Field(description="When the next one is due.")
    finished_at: Time | None


class WebhookMessage(BaseModel):
    id: str = Field(description="The `webhook-id` of every attempt.", examples=["msg_2p7k4m9x1c5v8z3q"])
    type: str = Field(examples=["video.succeeded"])
    job_id: str | None = Field(description="The job that it is about.", examples=["vid_4k8zq0v2m7x1c9p3"])
    created_at: Time
    deliveries: list[WebhookDelivery] = Field(description="One for each endpoint that it is for.")


class WholeWebhookMessage(WebhookMessage):
    body: dict[str, Any] = Field(
        description="What is sent, as JSON.",
        examples=[{"type": "video.succeeded", "timestamp": "2026-01-31T09:30:00.000Z", "data": {}}],
    )


class WebhookMessagePage(BaseModel):
    items: list[WebhookMessage] = Field(description="Newest first.")
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class WebhookAttempt(BaseModel):
    id: str = Field(examples=["att_9p3c1x7m2v0qz8k4"])
    message_id: str = Field(examples=["msg_2p7k4m9x1c5v8z3q"])
    endpoint_id: str = Field(examples=["whe_4k8zq0v2m7x1c9p3"])
    type: str = Field(description="The message's.", examples=["video.succeeded"])
    number: int = Field(description="Which of the schedule's, from 1; of one by hand, how many came before.")
    manual: bool = Field(description="Whether somebody asked for it by hand.")
    at: Time
    duration_ms: int = Field(examples=[84])
    status: AttemptStatus
    status_code: int | None = Field(description="Of the receiver's answer; null when none came.", examples=[204])
    error: AttemptError | None = Field(description="Why it failed, in a word; null when it succeeded.")
    next_at: Time | None = Field(description="When the next one was due after it; null when none was to follow.")


class WholeWebhookAttempt(WebhookAttempt):
    response: str = Field(description="The first 20 kB of the receiver's answer.", examples=["OK"])


class WebhookAttemptPage(BaseModel):
    items: list[WebhookAttempt] = Field(description="Newest first.")
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class WholeWebhookAttemptPage(BaseModel):
    items: list[WholeWebhookAttempt] = Field(description="Newest first.")
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class WholeWebhookMessageAnswer(Envelope):
    data: WholeWebhookMessage


class WebhookMessagePageAnswer(Envelope):
    data: WebhookMessagePage


class WebhookAttemptPageAnswer(Envelope):
    data: WebhookAttemptPage


class WholeWebhookAttemptPageAnswer(Envelope):
    data: WholeWebhookAttemptPage

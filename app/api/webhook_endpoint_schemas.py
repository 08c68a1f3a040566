"""What is asked of an organisation's webhook endpoints, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from app.api.cursors import PageQuery
from app.api.lines import one_line
from app.api.moments import Moment
from app.api.schemas import Envelope, Time
from app.api.strict import Flag, Strict
from app.domain.errors import InvalidInput
from app.domain.revision import Given
from app.domain.webhook_events import SUBSCRIBABLE
from app.domain.webhook_signature import check_secret
from app.domain.webhook_states import DisabledReason
from app.services.webhook_endpoints import EndpointChange, NewEndpoint
from app.services.webhook_lists import EndpointFilter
from app.services.webhook_manual import MOST_DAYS
from app.services.webhook_views import BreakerState, EndpointStatus
from app.webhooks.target import LONGEST_URL

MOST_A_MINUTE = 6000


def _known_types(types: list[str]) -> list[str]:
    """In the catalogue's order, each once."""
    for name in types:
        if name not in SUBSCRIBABLE:
            raise PydanticCustomError(
                "event_type", "Holds a type that there is not: see GET /api/webhooks/event-types."
            )
    return [name for name in SUBSCRIBABLE if name in types]


def _description(text: str) -> str:
    try:
        return one_line("description", text) or ""
    except InvalidInput:
        raise PydanticCustomError("line", "Must be a line of text.") from None


Url = Annotated[str, Field(max_length=LONGEST_URL)]
Description = Annotated[str, Field(max_length=200), AfterValidator(_description)]
EventTypeName = Annotated[str, Field(json_schema_extra={"enum": list(SUBSCRIBABLE)})]
EventTypes = Annotated[list[EventTypeName], Field(min_length=1, max_length=50), AfterValidator(_known_types)]
PerMinute = Annotated[int, Field(ge=1, le=MOST_A_MINUTE)]
Secret = Annotated[str, Field(max_length=200), AfterValidator(check_secret)]

URL = "Where to: http or https, to an address in the public internet."
EVENT_TYPES = "Only events of these types; null for all that are on by default."
PER_MINUTE = "So many messages in a minute at most; null for as fast as it answers."
SECRET = "One of your own: `whsec_` and 24 to 64 random bytes in base64. Left out, you get a new one."


class EndpointRequest(Strict):
    url: Url = Field(description=URL)
    description: Description = Field("", description="What it is for.")
    event_types: EventTypes | None = Field(None, description=EVENT_TYPES)
    per_minute: PerMinute | None = Field(None, description=PER_MINUTE)
    secret: Secret | None = Field(None, description=SECRET)

    def to_new(self) -> NewEndpoint:
        return NewEndpoint(self.url, self.description, self.event_types, self.per_minute, self.secret)


ENDPOINT_EXAMPLES = {
    "all": {"summary": "Everything that is on by default", "value": {"url": "https://example.com/webhooks"}},
    "ends": {
        "summary": "When a video is ready, or is not",
        "value": {
            "url": "https://example.com/webhooks",
            "description": "The shop",
            "event_types": ["video.succeeded", "video.failed"],
            "per_minute": 600,
        },
    },
}


class EndpointChangeRequest(Strict):
    """A field that is left out stays as it is."""

    url: Url = Field("", description=URL)
    description: Description = Field("", description="What it is for.")
    event_types: EventTypes | None = Field(None, description=EVENT_TYPES)
    per_minute: PerMinute | None = Field(None, description=PER_MINUTE)
    enabled: bool = Field(
        True, description="false: it is sent nothing more, and what it has yet to get fails. true: from now on again."
    )

    def to_change(self) -> EndpointChange:
        given = self.model_fields_set
        return EndpointChange(
            url=self.url if "url" in given else None,
            description=self.description if "description" in given else None,
            event_types=Given(self.event_types) if "event_types" in given else None,
            per_minute=Given(self.per_minute) if "per_minute" in given else None,
            is_enabled=self.enabled if "enabled" in given else None,
        )


ENDPOINT_CHANGE_EXAMPLES = {
    "events": {"summary": "Other events", "value": {"event_types": ["video.succeeded"]}},
    "enable": {"summary": "It works again", "value": {"enabled": True}},
}


class RotateSecretRequest(Strict):
    """The body may be left out."""

    secret: Secret | None = Field(None, description=SECRET)


ROTATE_SECRET_EXAMPLES = {
    "new": {"summary": "A new one", "value": {}},
    "own": {"summary": "One of your own", "value": {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}},
}


class SinceRequest(Strict):
    since: Moment = Field(description=f"Only messages of this time or later; {MOST_DAYS} days ago at most.")


SINCE_EXAMPLES = {"outage": {"summary": "Since it went down", "value": {"since": "2026-01-31T09:30:00Z"}}}


class EndpointQuery(PageQuery):
    status: EndpointStatus | None = Field(None, description="Only endpoints that are enabled, or disabled.")
    for_jobs: Flag = Field(False, description="true: those that the `webhook_url` of requests brought, instead.")

    def to_filter(self) -> EndpointFilter:
        return EndpointFilter(self.for_jobs, self.status)


class WebhookHealth(BaseModel):
    failing_since: Time | None = Field(description="The first failure that no success has followed.")
    breaker: BreakerState = Field(
        description="`closed`: all is well. `open`: most attempts have failed, and none is made until `open_until`. "
        "`half_open`: the next attempt tells.",
        examples=["closed"],
    )
    open_until: Time | None
    pending: int = Field(description="How many messages it has yet to get.", examples=[0])


class WebhookEndpoint(BaseModel):
    id: str = Field(examples=["whe_4k8zq0v2m7x1c9p3"])
    url: str = Field(examples=["https://example.com/webhooks"])
    description: str = Field(examples=["The shop"])
    event_types: list[str] | None = Field(
        description="Null: all that are on by default.", examples=[["video.succeeded", "video.failed"]]
    )
    per_minute: int | None = Field(examples=[600])
    for_jobs: bool = Field(
        description="Whether the `webhook_url` of a request brought it; it gets what is about those jobs alone."
    )
    status: EndpointStatus
    disabled_reason: DisabledReason | None = Field(
        description="`asked`: by you. `gone`: it answered 410. `failing`: nothing but failures for five days. "
        "`breaker`: its breaker has opened again and again."
    )
    disabled_at: Time | None
    health: WebhookHealth
    old_secret_signs_until: Time | None = Field(description="After a rotation: when the old secret signs no more.")
    created_at: Time
    updated_at: Time


class NewWebhookEndpoint(WebhookEndpoint):
    secret: str | None = Field(
        description="What signs. It is shown this once: null in an answer that is repeated for an Idempotency-Key.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class WebhookEndpointPage(BaseModel):
    items: list[WebhookEndpoint] = Field(description="Newest first.")
    has_more: bool = Field(description="Whether there are more in the direction that was asked for.")


class WebhookEndpointDeleted(BaseModel):
    id: str = Field(examples=["whe_4k8zq0v2m7x1c9p3"])
    deleted: Literal[True] = True


class WebhookOrgSecret(BaseModel):
    """What signs for jobs that brought a `webhook_url` of their own."""

    exists: bool = Field(description="Whether there is one.")
    created_at: Time | None = Field(description="Since when.")
    old_secret_signs_until: Time | None = Field(description="After a rotation: when the old secret signs no more.")


class NewWebhookOrgSecret(WebhookOrgSecret):
    secret: str | None = Field(
        description="What signs. It is shown this once: null in an answer that is repeated for an Idempotency-Key.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class WebhooksSent(BaseModel):
    sent: int = Field(description="How many messages go out now.", examples=[12])
    more: bool = Field(description="Whether there may be others, for the same request once more.", examples=[False])


class WebhookEndpointAnswer(Envelope):
    data: WebhookEndpoint


class NewWebhookEndpointAnswer(Envelope):
    data: NewWebhookEndpoint


class WebhookEndpointPageAnswer(Envelope):
    data: WebhookEndpointPage


class WebhookEndpointDeletedAnswer(Envelope):
    data: WebhookEndpointDeleted


class WebhookOrgSecretAnswer(Envelope):
    data: WebhookOrgSecret


class NewWebhookOrgSecretAnswer(Envelope):
    data: NewWebhookOrgSecret


class WebhooksSentAnswer(Envelope):
    data: WebhooksSent

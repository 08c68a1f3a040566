"""What an organisation may use, as the API tells it and as operators set it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from app.api.schemas import Envelope, Time
from app.api.strict import Strict

# Beyond these a number is a slip of the hand; the last is what every JSON reader still takes exactly.
MOST_JOBS = 10**9
MOST_MINUTES = 10**9
MOST_BYTES = 2**53 - 1
MOST_REQUESTS = 100_000


def _whole(value: object) -> object:
    """JSON Schema calls 12.0 an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# The bounds stand first: behind the reading of the number, pydantic leaves them out of the schema.
Jobs = Annotated[int, Field(ge=0, le=MOST_JOBS), BeforeValidator(_whole)]
Bytes = Annotated[int, Field(ge=0, le=MOST_BYTES), BeforeValidator(_whole)]
Requests = Annotated[int, Field(ge=1, le=MOST_REQUESTS), BeforeValidator(_whole)]


class RateNow(BaseModel):
    """A rate for requests that make jobs, and how much of it is left to this caller."""

    name: str = Field(description="`user`: yours, or your end user's; `org`: your organisation's.", examples=["user"])
    requests: int = Field(description="So many", examples=[10])
    window_s: int = Field(description="in any so many seconds.", examples=[60])
    left: int = Field(examples=[9])
    reset_s: int = Field(description="The seconds until more is left; 0 when all is.", examples=[42])


class WholeQuota(BaseModel):
    """`limit` and `left` are null where nothing is limited."""

    limit: int | None = Field(examples=[1000])
    used: int = Field(examples=[12])
    left: int | None = Field(examples=[988])


class MinutesQuota(BaseModel):
    """Minutes of video. `limit` and `left` are null where nothing is limited."""

    limit: float | None = Field(examples=[1440.0])
    used: float = Field(examples=[30.5])
    left: float | None = Field(examples=[1409.5])
    resets_at: Time = Field(description="The next midnight in UTC.")


class QuotasNow(BaseModel):
    jobs_at_once: WholeQuota = Field(description="Jobs that have not ended.")
    minutes_a_day: MinutesQuota = Field(
        description="Of video accepted today: as estimated, and as it is once it is there. Failed and canceled jobs do "
        "not count."
    )
    storage_bytes: WholeQuota = Field(
        description="Uploads and results. What jobs make counts within minutes, what they share counts once."
    )
    webhook_endpoints: WholeQuota = Field(
        description="Where webhooks go. Those that the `webhook_url` of requests brought do not count."
    )


class Limits(BaseModel):
    rates: list[RateNow] = Field(description="For requests that make jobs; none where they are switched off.")
    quotas: QuotasNow
    max_request_bytes: int = Field(description="Of a body in JSON.", examples=[2097152])
    max_upload_bytes: int = Field(examples=[67108864])
    max_text_bytes: int = Field(description="Of a `text`, in UTF-8.", examples=[1000000])
    max_words: int = Field(description="Of all that is spoken in one video.", examples=[20000])
    max_scenes: int = Field(examples=[1000])


class OrgLimitsRequest(Strict):
    """What is left out or null is the farm's setting again."""

    jobs_at_once: Jobs | None = Field(None, description="Jobs that have not ended.", examples=[50])
    minutes_a_day: float | None = Field(
        None, ge=0, le=MOST_MINUTES, description="Of video, by the day in UTC.", examples=[240.0]
    )
    storage_bytes: Bytes | None = Field(None, description="Of uploads and results.", examples=[10737418240])
    requests_a_minute: Requests | None = Field(
        None, description="Requests that make jobs, of all its callers.", examples=[100]
    )


class OrgLimits(BaseModel):
    org: str = Field(description="The organisation's name.", examples=["atlas-films"])
    own: OrgLimitsRequest = Field(description="What it has in the place of the farm's settings.")
    quotas: QuotasNow = Field(description="What it is held to, and what it has used.")


class LimitsAnswer(Envelope):
    data: Limits


class OrgLimitsAnswer(Envelope):
    data: OrgLimits


ORG_LIMITS_EXAMPLES = {
    "more": {"summary": "More than the others", "value": {"jobs_at_once": 5000, "requests_a_minute": 200}},
    "none": {"summary": "As the farm is set", "value": {}},
}

"""The bodies of requests that act on jobs which are there already."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from app.api.effect_request import EffectRequest
from app.api.lines import one_line
from app.api.moments import Moment
from app.api.schema_rules import at_most_one_of
from app.api.strict import Strict
from app.api.video_request import AssetId, BackgroundRequest, FootageRequest
from app.domain.revision import Given, Part, SceneEdit
from app.domain.states import JobStatus
from app.services.bulk import MOST_JOBS, JobFilter

# JSON knows no enums, so that a strict field would take none of its strings.
Status = Annotated[JobStatus, Field(strict=False)]
JobId = Annotated[str, Field(max_length=64, examples=["vid_4k8zq0v2m7x1c9p3"])]


class RetryRequest(Strict):
    """The body may be left out."""

    from_step: str | None = Field(
        None,
        max_length=200,
        description="The step to do again, with all that needs it; a name from `GET /api/jobs/{job_id}/steps`. "
        "Without it what failed is tried again.",
        examples=["scene/3/image"],
    )


RETRY_EXAMPLES = {
    "failed": {"summary": "What failed, again", "value": {}},
    "step": {"summary": "One picture and all that shows it, anew", "value": {"from_step": "scene/3/image"}},
}


class SceneEditRequest(Strict):
    """What to change; a field that is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={**at_most_one_of("image", "video", "background"), "minProperties": 1})

    text: str = Field(
        "", description="What is said and shown in the captions now. Markdown is read well; one scene takes 60 s."
    )
    title: str | None = Field(None, max_length=200, description="The heading of its painted picture; null for none.")
    image: AssetId | None = Field(None, description="The picture, an asset's id; null for a painted one.")
    video: FootageRequest | None = Field(
        None, description="A piece of a video instead of a picture; null for a painted picture."
    )
    background: BackgroundRequest | None = Field(
        None, description="A plain card instead of a picture; null for a painted one."
    )
    effect: EffectRequest | None = Field(
        None, description="A Python effect on what is shown, in the place of the scene's own; null for none."
    )
    regenerate: list[Literal["image", "narration"]] = Field(
        default_factory=list,
        max_length=2,
        description="Make these again from the same words: another painted picture, another reading.",
    )

    def to_edit(self) -> SceneEdit:
        given = self.model_fields_set
        return SceneEdit(
            text=self.text if "text" in given else None,
            title=Given(one_line("title", self.title)) if "title" in given else None,
            image=Given(self.image) if "image" in given else None,
            background=Given(None if self.background is None else self.background.to_background())
            if "background" in given
            else None,
            video=Given(None if self.video is None else self.video.to_footage()) if "video" in given else None,
            effect=Given(None if self.effect is None else self.effect.to_effect()) if "effect" in given else None,
            regenerate=tuple(Part(part) for part in self.regenerate),
        )


SCENE_EDIT_EXAMPLES = {
    "text": {"summary": "Other words", "value": {"text": "Rivers shape the valleys they run through."}},
    "picture": {"summary": "A picture of your own", "value": {"image": "ast_0m3v9k2q8x7y1z4w", "title": None}},
    "video": {"summary": "A piece of a video", "value": {"video": {"asset": "ast_0m3v9k2q8x7y1z4w", "end_s": 4.5}}},
    "card": {"summary": "A plain card", "value": {"background": {"colour": "#0b2545", "to": "#13315c"}}},
    "effect": {"summary": "A Python effect", "value": {"effect": {"name": "tint", "settings": {"strength": 0.6}}}},
    "again": {"summary": "Another painted picture", "value": {"regenerate": ["image"]}},
}


class FilterRequest(Strict):
    """All that is given must hold; at least one condition is needed."""

    status: list[Status] | None = Field(
        None, min_length=1, max_length=len(JobStatus), description="Only jobs with one of these statuses."
    )
    kind: Literal["video"] | None = Field(None, description="Only jobs of this kind.")
    created_before: Moment | None = Field(None, description="Only jobs accepted before this time.")
    created_after: Moment | None = Field(None, description="Only jobs accepted at this time or later.")
    ids: list[JobId] | None = Field(None, min_length=1, max_length=MOST_JOBS, description="Only these jobs.")

    def to_filter(self) -> JobFilter:
        return JobFilter(
            statuses=None if self.status is None else tuple(self.status),
            kind=self.kind,
            created_before=None if self.created_before is None else self.created_before.timestamp(),
            created_after=None if self.created_after is None else self.created_after.timestamp(),
            ids=None if self.ids is None else tuple(self.ids),
        )


class BulkRequest(Strict):
    filter: FilterRequest
    confirm: int | None = Field(
        None, ge=0, description="The `count` of the answer without it. Only with it is anything done."
    )


class ForceStopRequest(Strict):
    confirm: Literal[True] = Field(description="Must be true: everything that is live is lost.")
    reason: str = Field(min_length=1, max_length=500, description="Why; it stands in each job's last event.")


BULK_EXAMPLES = {
    "count": {"summary": "How many would it be?", "value": {"filter": {"created_after": "2026-01-31T09:00:00Z"}}},
    "act": {"summary": "Do it", "value": {"filter": {"created_after": "2026-01-31T09:00:00Z"}, "confirm": 12}},
}
STOP_EXAMPLES = {
    "stop": {"summary": "Everything, now", "value": {"confirm": True, "reason": "A wrong price list was uploaded."}}
}

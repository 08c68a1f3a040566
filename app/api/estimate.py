"""`POST /api/videos/estimate`: what a video would be, before it is asked for."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel, Field

from app.api.answers import success
from app.api.context import current_caller, current_farm
from app.api.facts import Facts, SentAgain
from app.api.schemas import Envelope
from app.api.video_request import EXAMPLES, VideoRequest
from app.services.estimate_video import estimate_video

estimates = APIBlueprint("estimates", __name__, tag="Videos")


class EstimateObject(BaseModel):
    """What is null cannot be known, and `notes` say why."""

    video_seconds: float | None = Field(description="How long the video will be.", examples=[7.2])
    scenes: int | None = Field(examples=[1])
    steps: int | None = Field(description="Units of work, those of the variants among them.", examples=[7])
    cost_microcents: int | None = Field(
        description="What vendors charge for it: 0, for voice and pictures are made on the farm's own machines; null "
        "with a `prompt`, for the farm does not know what a language model's answer costs.",
        examples=[0],
    )
    eta_seconds: int | None = Field(
        description="Until it would be done if it were asked for now, from what such steps took lately and from what "
        "is before it. What was made before and is taken over is not counted off.",
        examples=[9],
    )
    notes: list[str] = Field(description="Why something is null.", examples=[[]])


class EstimateAnswer(Envelope):
    data: EstimateObject


@estimates.post("/api/videos/estimate")
@estimates.input(VideoRequest, examples=EXAMPLES)
@estimates.output(EstimateAnswer)
@estimates.doc(operation_id="estimateVideo")
@Facts(SentAgain.HARMLESS)
def estimate(json_data: VideoRequest) -> Response:
    """Estimate a video

    Takes what `POST /api/videos` takes and refuses what that refuses, stores nothing and says how long the video will
    be, what it will cost and when it would be done.
    """
    found = estimate_video(current_farm(), current_caller().org_id, json_data.to_submission())
    return success(EstimateObject(**{**vars(found), "notes": list(found.notes)}))

"""`POST /api/videos`: the request for a video."""

from __future__ import annotations

import re

from apiflask import APIBlueprint
from flask import Response, request, url_for

from app.api.answers import success
from app.api.context import current_caller, current_correlation_id, current_farm
from app.api.presenters import present_job
from app.api.schemas import JobAnswer
from app.api.video_request import EXAMPLES, VideoRequest
from app.domain.errors import InvalidInput
from app.domain.ids import canonical_hash
from app.services.submit_video import Submission, submit_video

videos = APIBlueprint("videos", __name__, tag="Videos")

IDEMPOTENCY_HEADER = "Idempotency-Key"
IS_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@videos.post("/api/videos")
@videos.input(VideoRequest, examples=EXAMPLES)
@videos.output(JobAnswer, 202, description="Accepted. `Location` is where to follow it.")
@videos.doc(
    operation_id="createVideo",
    responses={400: "Not JSON at all", 413: "Too large", 415: "The Content-Type is not JSON"},
)
def submit(json_data: VideoRequest) -> Response:
    """Ask for a video

    Answers at once; the work is done in the background. With an `Idempotency-Key` the same request, sent again
    within 24 hours, gives the job that it gave the first time.
    """
    accepted = submit_video(
        current_farm(),
        Submission(
            org_id=current_caller().org_id,
            video=json_data.to_input(),
            correlation_id=current_correlation_id(),
            labels=json_data.metadata,
            idempotency_key=idempotency_key(request.headers.get(IDEMPOTENCY_HEADER)),
            fingerprint=canonical_hash(json_data.model_dump(mode="json", exclude_unset=True)),
        ),
    )
    response = success(present_job(accepted.job), 202, Location=url_for("jobs.show", job_id=accepted.job.id))
    if accepted.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def idempotency_key(given: str | None) -> str | None:
    if given is None or IS_IDEMPOTENCY_KEY.fullmatch(given):
        return given
    raise InvalidInput(IDEMPOTENCY_HEADER, "An Idempotency-Key has 1 to 255 visible ASCII characters.")

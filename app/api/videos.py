"""Videos: the request for one, and the edit of a scene."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from app.api.acceptance import accepted_answer, asking
from app.api.act_requests import SCENE_EDIT_EXAMPLES, SceneEditRequest
from app.api.context import current_farm
from app.api.facts import Facts, SentAgain
from app.api.schemas import JobAnswer
from app.api.video_request import EXAMPLES, VideoRequest
from app.services.edit_scene import edit_scene
from app.services.submit_video import submit_video

videos = APIBlueprint("videos", __name__, tag="Videos")


@videos.post("/api/videos")
@videos.input(VideoRequest, examples=EXAMPLES)
@videos.output(JobAnswer, 202, description="Accepted. `Location` is where to follow it.")
@videos.doc(
    operation_id="createVideo",
    responses={409: "A job of this `subject_id` is live: `GENERATION_IN_PROGRESS`, with its id in `details.job_id`"},
)
@Facts(SentAgain.SAME_JOB)
def submit(json_data: VideoRequest) -> Response:
    """Ask for a video

    Answers at once; the work is done in the background. With an `Idempotency-Key` the same request, sent again
    within 24 hours, gives the job that it gave the first time.
    """
    return accepted_answer(submit_video(current_farm(), asking(json_data), json_data.to_submission()))


@videos.patch("/api/videos/<job_id>/scenes/<int:number>")
@videos.input(SceneEditRequest, examples=SCENE_EDIT_EXAMPLES)
@videos.output(JobAnswer, 202, description="A new job, the next `revision`. `Location` is where to follow it.")
@videos.doc(
    operation_id="editScene",
    responses={
        409: "The job has no script yet, or another of its subject is live",
        410: "The script was lost in storage",
    },
)
@Facts(SentAgain.SAME_JOB)
def edit(job_id: str, number: int, json_data: SceneEditRequest) -> Response:
    """Edit a scene

    A job that has ended never changes, so this makes a new one from its script with this one scene changed. All that
    the edit does not touch is taken over: every other scene keeps its words, picture and sound.
    """
    return accepted_answer(edit_scene(current_farm(), asking(json_data), job_id, number, json_data.to_edit()))

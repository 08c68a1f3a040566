"""What a video would be: its length, its cost and when it would be done, with nothing stored."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.estimate import planned_work, seconds_to_end, video_seconds, whole_seconds
from app.domain.plan import plan_script
from app.domain.plan_variants import plan_video
from app.domain.quotas import check_length
from app.domain.script import Script, with_background, with_effect, with_images
from app.domain.video import VideoInput
from app.services.farm import Farm
from app.services.job_facts import count_queued
from app.services.outlook import outlook_of
from app.services.quotas import quotas_of
from app.services.submit_video import Submission, asked_video, check_submission

NOT_WRITTEN = "A language model writes the script: how long it will be is known when it is there."
NO_PRICE = "The farm does not know what the language model's answer costs."
NOT_DONE_YET = "Some steps of it were never done on this farm, or no worker is there for them."


@dataclass(frozen=True)
class Estimate:
    """None for what cannot be known, and then `notes` say why. `scenes` and `steps` are counts."""

    video_seconds: float | None
    scenes: int | None
    steps: int | None
    cost_microcents: int | None
    eta_seconds: int | None
    notes: tuple[str, ...]


def estimate_video(farm: Farm, org_id: int, submission: Submission) -> Estimate:
    """RequestError when the request would not be accepted, whatever else is going on: of quotas, that of its length."""
    script = check_submission(farm, submission)
    with farm.database.read() as session:
        video = asked_video(session, org_id, submission)
        outlook = outlook_of(session)
        place = count_queued(session) + 1
        quotas = quotas_of(session, farm.quotas, org_id)
    if script is None:
        return Estimate(None, None, None, None, None, (NOT_WRITTEN, NO_PRICE))
    length_s = video_seconds(script, video, outlook)
    check_length(quotas, length_s)
    shown = dressed_script(script, video)
    plans = (*plan_script(video, farm.pools), *plan_video(shown, video, farm.pools))
    work = planned_work(plans, outlook)
    eta_s = None if work is None else seconds_to_end(work, outlook, place)
    return Estimate(
        video_seconds=round(length_s, 2),
        scenes=len(script.scenes),
        steps=len(plans),
        # Voice and pictures are made on the farm's own machines.
        cost_microcents=0,
        eta_seconds=whole_seconds(eta_s),
        notes=() if eta_s is not None else (NOT_DONE_YET,),
    )


def dressed_script(script: Script, video: VideoInput) -> Script:
    """The script with what its scenes show, as the job's first step will have it."""
    shown = with_background(with_images(script, video.images, video.footage_s or ()), video.background)
    return with_effect(shown, video.effect)

"""The stored events of a job's timeline, a line each, as the API's reference tells them."""

from __future__ import annotations

STORED_EVENTS = {
    "video.queued": "The job was accepted. `parent` and `relation` say which job it was made from, if any.",
    "video.started": "Its first step has begun.",
    "video.waiting": "Nothing of it may run now: `reason`, and `resume_at` if it goes on by itself.",
    "video.resumed": "Something of it may run again.",
    "job.planned": "The script is there, and with it the `steps` of its scenes.",
    "step.started": "A worker has begun a `step`, for the `attempt`-th time.",
    "step.succeeded": "Its result is stored; `adopted` if it was taken over from before.",
    "output.ready": "A variant has passed its check: its output `name` can be fetched, while the rest goes on.",
    "step.retrying": "An attempt failed with `error`; the next one comes at once, or at `resume_at`.",
    "step.postponed": "The provider said when to come back, at `resume_at`; this attempt does not count.",
    "step.handed_back": "Its worker was stopped and has given it back; this attempt does not count.",
    "step.passed_on": "Its result was not known from before: it is done now, and this attempt does not count.",
    "step.stuck": "It does not get on, for this `reason`. Most of it the farm mends by itself.",
    "step.failed": "Its last attempt failed with `error`, and so the job does.",
    "video.succeeded": "The outputs can be fetched. The last event, as the next two.",
    "video.failed": "`error` says why.",
    "video.canceled": "Someone stopped it; `reason` is what was said, if anything.",
}

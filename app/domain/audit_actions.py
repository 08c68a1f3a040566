"""What the audit log tells of: each kind of act, as it stands in a row."""

from __future__ import annotations

from enum import StrEnum


class AuditAction(StrEnum):
    """The target of an act is the public id of what it was done to; of acts on many jobs it is `jobs`."""

    VIDEO_CREATED = "video.created"  # the target is the new job
    SCENE_EDITED = "scene.edited"  # the target is the job that was edited; the new one is in `after`
    JOB_RETRIED = "job.retried"  # the target is the job that was tried again; the new one is in `after`
    JOB_RESTARTED = "job.restarted"  # the same
    JOB_CANCELED = "job.canceled"
    JOBS_CANCELED = "jobs.canceled"  # what a filter found: one row for all of them
    JOBS_RETRIED = "jobs.retried"  # the same
    JOBS_FORCE_STOPPED = "jobs.force_stopped"  # everything that was live
    ASSET_UPLOADED = "asset.uploaded"
    ASSET_DELETED = "asset.deleted"
    BRAND_KIT_SET = "brand_kit.set"
    BRAND_KIT_DELETED = "brand_kit.deleted"
    KEY_MADE = "key.made"
    KEY_ROTATED = "key.rotated"  # the target is the old key; the new one is in `after`
    KEY_REVOKED = "key.revoked"
    USER_ADDED = "user.added"
    USER_CHANGED = "user.changed"  # name, role, let in or shut out; of a password only that it was changed
    SESSION_BEGUN = "session.begun"  # the target is the user who signed in, as in the next
    SESSION_ENDED = "session.ended"
    LIMITS_SET = "limits.set"  # the target is the organisation's name; the entry is the operator's
    POOL_PAUSED = "pool.paused"
    POOL_RESUMED = "pool.resumed"
    WORKER_DRAINED = "worker.drained"
    WEBHOOK_ENDPOINT_MADE = "webhook_endpoint.made"
    WEBHOOK_ENDPOINT_CHANGED = "webhook_endpoint.changed"
    WEBHOOK_ENDPOINT_DISABLED = "webhook_endpoint.disabled"  # by the farm; why is in `after`
    WEBHOOK_ENDPOINT_DELETED = "webhook_endpoint.deleted"
    WEBHOOK_SECRET_ROTATED = "webhook_secret.rotated"  # the target is the endpoint, or `webhook_secret`
    WEBHOOK_TESTED = "webhook_endpoint.tested"  # the test message is in `after`
    WEBHOOK_RECOVERED = "webhook_endpoint.recovered"  # what had failed was sent again
    WEBHOOK_REPLAYED = "webhook_endpoint.replayed"  # what it had never got was sent
    WEBHOOK_RESENT = "webhook_message.resent"  # the target is the message; the endpoints are in `after`


# The targets of acts that are not done to one thing with an id.
ALL_JOBS = "jobs"
BRAND_KIT = "brand_kit"
ORG_SECRET = "webhook_secret"

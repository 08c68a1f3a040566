"""The typed client of the HTTP API: what programs use, scripts/render among them.

Knows the API from outside only: nothing but `app.domain` and urllib3 may be imported here.
"""

from app.client.access import Key, NewKey, User, Whoami
from app.client.acts import Bulk, BulkResult, JobFilter, JobStep, StepError
from app.client.audit import AuditEntry, AuditKey, AuditUser
from app.client.client import PATIENCE_S, Client
from app.client.errors import (
    AnswerError,
    BadRequest,
    ClientError,
    Conflict,
    DownloadDamaged,
    FarmUnable,
    FarmUnreachable,
    FileUnreadable,
    NotAFarm,
    NotAllowed,
    NotAuthorized,
    NotFound,
)
from app.client.follow_org import OrgEvent
from app.client.limits import Limits, OrgLimits, OwnLimits, Quota, Quotas, RateNow
from app.client.listing import Estimate
from app.client.looks import BrandColours, BrandKit, TemplateInfo
from app.client.operations import Canary, FarmStatus, Pause, Pool, StuckStep, Worker, WorkerEncoder
from app.client.values import (
    Asset,
    Job,
    JobError,
    JobEvent,
    JobParent,
    JobWait,
    Language,
    Output,
    Readiness,
    Stage,
    Voices,
)
from app.client.video_request import CaptionBox, Captions, SceneRequest, Teaser, Variants, VideoRequest
from app.client.webhook_values import (
    NewWebhookEndpoint,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEventType,
    WebhookMessage,
    WebhookOrgSecret,
    WebhooksSent,
)
from app.domain.access import Role, Scope
from app.domain.effects import Effect
from app.domain.revision import Given, Part, SceneEdit
from app.domain.sources import Background, Footage, FootageSound
from app.domain.states import JobStatus

__all__ = [
    "PATIENCE_S",
    "AnswerError",
    "Asset",
    "AuditEntry",
    "AuditKey",
    "AuditUser",
    "Background",
    "BadRequest",
    "BrandColours",
    "BrandKit",
    "Bulk",
    "BulkResult",
    "Canary",
    "CaptionBox",
    "Captions",
    "Client",
    "ClientError",
    "Conflict",
    "DownloadDamaged",
    "Effect",
    "Estimate",
    "FarmStatus",
    "FarmUnable",
    "FarmUnreachable",
    "FileUnreadable",
    "Footage",
    "FootageSound",
    "Given",
    "Job",
    "JobError",
    "JobEvent",
    "JobFilter",
    "JobParent",
    "JobStatus",
    "JobStep",
    "JobWait",
    "Key",
    "Language",
    "Limits",
    "NewKey",
    "NewWebhookEndpoint",
    "NotAFarm",
    "NotAllowed",
    "NotAuthorized",
    "NotFound",
    "OrgEvent",
    "OrgLimits",
    "Output",
    "OwnLimits",
    "Part",
    "Pause",
    "Pool",
    "Quota",
    "Quotas",
    "RateNow",
    "Readiness",
    "Role",
    "SceneEdit",
    "SceneRequest",
    "Scope",
    "Stage",
    "StepError",
    "StuckStep",
    "Teaser",
    "TemplateInfo",
    "User",
    "Variants",
    "VideoRequest",
    "Voices",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEventType",
    "WebhookMessage",
    "WebhookOrgSecret",
    "WebhooksSent",
    "Whoami",
    "Worker",
    "WorkerEncoder",
]

"""SQLAlchemy tables, one subject a file, on SQLite or PostgreSQL. Columns and constraints; no rules.

Times are seconds since the epoch on the database's clock, as `clock.now_s()` gives them.
"""

from app.models.access import ApiKey, IdempotencyRecord, Org, OrgLimits, OrgStorage, OrgUsage
from app.models.artifact import Artifact, Asset, RemovedAsset, StepResult
from app.models.audit_entry import AuditEntry
from app.models.base import db
from app.models.brand_kit import BrandKit
from app.models.event import JobEvent
from app.models.job import Job
from app.models.pool_pause import PoolPause
from app.models.schedule import Schedule
from app.models.step import Step, StepAttempt, StepEdge
from app.models.stuck_step import StuckStep
from app.models.user import SignIn, SignInAttempt, User
from app.models.webhook import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
    WebhookOrgSecret,
)
from app.models.worker import Worker

__all__ = [
    "ApiKey",
    "Artifact",
    "Asset",
    "AuditEntry",
    "BrandKit",
    "IdempotencyRecord",
    "Job",
    "JobEvent",
    "Org",
    "OrgLimits",
    "OrgStorage",
    "OrgUsage",
    "PoolPause",
    "RemovedAsset",
    "Schedule",
    "SignIn",
    "SignInAttempt",
    "Step",
    "StepAttempt",
    "StepEdge",
    "StepResult",
    "StuckStep",
    "User",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookMessage",
    "WebhookOrgSecret",
    "Worker",
    "db",
]

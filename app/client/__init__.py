"""The typed client of the HTTP API: what programs use, scripts/render among them.

Knows the API from outside only: nothing but `app.domain` and urllib3 may be imported here.
"""

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
    NotAuthorized,
    NotFound,
)
from app.client.values import (
    Asset,
    Job,
    JobError,
    JobEvent,
    JobWait,
    Language,
    Output,
    Readiness,
    SceneRequest,
    Stage,
    VideoRequest,
    Voices,
)

__all__ = [
    "PATIENCE_S",
    "AnswerError",
    "Asset",
    "BadRequest",
    "Client",
    "ClientError",
    "Conflict",
    "DownloadDamaged",
    "FarmUnable",
    "FarmUnreachable",
    "FileUnreadable",
    "Job",
    "JobError",
    "JobEvent",
    "JobWait",
    "Language",
    "NotAFarm",
    "NotAuthorized",
    "NotFound",
    "Output",
    "Readiness",
    "SceneRequest",
    "Stage",
    "VideoRequest",
    "Voices",
]

"""Every failure the product names, as one tree.

    SceneworksError
    ├── RequestError                 the caller's fault; nothing was stored
    │   ├── InvalidInput             422 INVALID_INPUT (names the field)
    │   ├── UnsupportedMedia         422 UNSUPPORTED_MEDIA
    │   ├── TooLarge                 413 TOO_LARGE
    │   ├── ProviderNotConfigured    422 PROVIDER_NOT_CONFIGURED
    │   ├── Unauthorized             401 UNAUTHORIZED
    │   ├── Forbidden                403 FORBIDDEN
    │   │   └── BadSignature         403 BAD_SIGNATURE (of a signed address: altered, or out of date)
    │   ├── NotFound                 404 NOT_FOUND
    │   ├── Conflict                 409 CONFLICT
    │   │   ├── GenerationInProgress 409 GENERATION_IN_PROGRESS (of this subject a job is live)
    │   │   └── RequestInFlight      409 REQUEST_IN_FLIGHT (the same key is being answered now)
    │   └── LimitReached             429, with the seconds after which it is worth trying again, if that is known
    │       ├── RateLimited          429 RATE_LIMITED (too many requests in a minute)
    │       ├── TooManyStreams       429 TOO_MANY_STREAMS (the organisation has its share of this process open)
    │       └── QuotaExceeded        429 QUOTA_EXCEEDED (jobs at once, minutes a day, storage)
    ├── StepError                    a step's work failed
    │   ├── TransientError           a retry may help
    │   │   ├── WorkerLost           WORKER_LOST
    │   │   ├── StorageFull          STORAGE_FULL
    │   │   ├── DeadlineExceeded     DEADLINE_EXCEEDED
    │   │   ├── EncoderLost          ENCODER_LOST (the next attempt does without the hardware)
    │   │   ├── ProviderUnavailable  PROVIDER_UNAVAILABLE (no answer came)
    │   │   └── ProviderBadAnswer    PROVIDER_BAD_ANSWER (one came and is of no use)
    │   └── PermanentError           it never will
    │       ├── BadMedia             BAD_MEDIA
    │       ├── MissingGlyphs        MISSING_GLYPHS
    │       ├── EffectMissing        EFFECT_MISSING (it is not installed where the step ran)
    │       ├── EffectFailed         EFFECT_FAILED (a Python effect did wrong)
    │       ├── ProviderRefused      PROVIDER_REFUSED
    │       └── GateFailed           OUTPUT_GATE_FAILED
    ├── Gone                         410 GONE: stored bytes were lost; only doing the work again brings them back
    ├── ServiceUnavailable           503: database, storage or farm is not able to serve now
    │   └── StreamsFull              503 SERVICE_UNAVAILABLE (all together have every stream of this process open)
    └── LeaseLost                    the step is no longer ours (expired, canceled); commit nothing

Two questions are answered by the class: is it worth retrying (`retryable`), and
whose fault is it (the branch). `code` is for programs, `message` for people.
Where it is the farm's fault, `is_alarming` says whether somebody must look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SceneworksError(Exception):
    """Base of the tree. `details` holds JSON-able facts, never a secret and never the bad value."""

    code = "INTERNAL"
    retryable = False
    is_alarming = True

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details


class RequestError(SceneworksError):
    """The request was wrong; nothing was stored."""

    code = "BAD_REQUEST"


class InvalidInput(RequestError):
    """A field is wrong. `field` names it in dotted form (`scenes.2.text`)."""

    code = "INVALID_INPUT"

    def __init__(self, field: str, message: str, **details: Any) -> None:
        super().__init__(message, field=field, **details)
        self.field = field


class UnsupportedMedia(RequestError):
    code = "UNSUPPORTED_MEDIA"


class TooLarge(RequestError):
    code = "TOO_LARGE"


class ProviderNotConfigured(RequestError):
    code = "PROVIDER_NOT_CONFIGURED"


class Unauthorized(RequestError):
    code = "UNAUTHORIZED"


class Forbidden(RequestError):
    code = "FORBIDDEN"


class BadSignature(Forbidden):
    code = "BAD_SIGNATURE"


class NotFound(RequestError):
    code = "NOT_FOUND"


class Conflict(RequestError):
    code = "CONFLICT"


class GenerationInProgress(Conflict):
    code = "GENERATION_IN_PROGRESS"


class RequestInFlight(Conflict):
    code = "REQUEST_IN_FLIGHT"
    retryable = True


class LimitReached(RequestError):
    """The caller has had what it may have for now. `retry_after_s` is None where no time helps by itself."""

    code = "LIMIT_REACHED"
    retryable = True

    def __init__(self, message: str, retry_after_s: int | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after_s = retry_after_s


class RateLimited(LimitReached):
    code = "RATE_LIMITED"


class TooManyStreams(LimitReached):
    code = "TOO_MANY_STREAMS"


class QuotaExceeded(LimitReached):
    code = "QUOTA_EXCEEDED"


class StepError(SceneworksError):
    """A step's work failed."""

    code = "STEP_FAILED"


class TransientError(StepError):
    """A retry may help."""

    code = "TRANSIENT"
    retryable = True


class WorkerLost(TransientError):
    code = "WORKER_LOST"


class StorageFull(TransientError):
    code = "STORAGE_FULL"


class DeadlineExceeded(TransientError):
    code = "DEADLINE_EXCEEDED"


class EncoderLost(TransientError):
    code = "ENCODER_LOST"


class ProviderUnavailable(TransientError):
    code = "PROVIDER_UNAVAILABLE"


class ProviderBadAnswer(TransientError):
    code = "PROVIDER_BAD_ANSWER"


class PermanentError(StepError):
    """A retry of the same work gives the same failure."""

    code = "PERMANENT"


class BadMedia(PermanentError):
    code = "BAD_MEDIA"


class MissingGlyphs(PermanentError):
    code = "MISSING_GLYPHS"


class EffectMissing(PermanentError):
    code = "EFFECT_MISSING"


class EffectFailed(PermanentError):
    code = "EFFECT_FAILED"


class ProviderRefused(PermanentError):
    code = "PROVIDER_REFUSED"


class GateFailed(PermanentError):
    code = "OUTPUT_GATE_FAILED"


class Gone(SceneworksError):
    """What was stored is not there any more, and asking again changes nothing."""

    code = "GONE"


class ServiceUnavailable(SceneworksError):
    """The farm cannot serve this now; the same request may succeed later."""

    code = "SERVICE_UNAVAILABLE"
    retryable = True


class StreamsFull(ServiceUnavailable):
    """Nothing is broken: a limit that was set does what it is for. Who sees it often gives the process more threads."""

    is_alarming = False


class LeaseLost(SceneworksError):
    """The step is no longer ours: its lease expired or its job was canceled. Commit nothing."""

    code = "LEASE_LOST"

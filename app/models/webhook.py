"""Webhooks: the endpoints of organisations, the messages for them, and every attempt to deliver one.

A message's bytes are written in the transaction whose change they report. Who has yet to get it is a row as well, with
the time of its next attempt: no broker holds one.
"""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import BigId, Model

IS_FOR_JOBS = "is_for_jobs"
IS_OWN = "NOT is_for_jobs"
IS_PENDING = "status = 'pending'"
# What is due is found within these without reading what waits beside it.
IS_FIRST = "status = 'pending' AND attempts = 0 AND NOT is_manual"
IS_ASKED_FOR = "status = 'pending' AND is_manual"
IS_SENDING = "status = 'sending'"


class WebhookEndpoint(Model):
    """Where messages go. Secrets are sealed (`app.services.sealing`); `previous_secret` signs too until its time.

    `event_types` None: all that are on by default. One that `is_for_jobs` was made for the `webhook_url` of a request:
    it gets what is about those jobs alone, and its organisation's own secret signs.

    Health (`app.domain.endpoint_health`): `failing_since` the first failure that no success has followed, and when its
    people were told of it; the breaker's window, until when it is open and how often it has opened without closing.
    `free_at` is when the throttle lets one more go.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        Index("ix_webhook_endpoints_org_id_created_at_id", "org_id", "created_at", "id"),
        Index(
            "uq_webhook_endpoints_org_id_url_for_jobs",
            "org_id",
            "url",
            unique=True,
            sqlite_where=text(IS_FOR_JOBS),
            postgresql_where=text(IS_FOR_JOBS),
        ),
        Index(
            "ix_webhook_endpoints_own",
            "org_id",
            sqlite_where=text(IS_OWN),
            postgresql_where=text(IS_OWN),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    url: Mapped[str]
    description: Mapped[str]
    event_types: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    per_minute: Mapped[int | None]
    is_for_jobs: Mapped[bool]
    secret: Mapped[str | None]
    previous_secret: Mapped[str | None]
    previous_secret_until: Mapped[float | None]
    created_at: Mapped[float]
    updated_at: Mapped[float]
    deleted_at: Mapped[float | None]
    disabled_at: Mapped[float | None]
    disabled_reason: Mapped[str | None]
    failing_since: Mapped[float | None]
    told_failing_at: Mapped[float | None]
    window_since: Mapped[float | None]
    window_requests: Mapped[int] = mapped_column(default=0, server_default="0")
    window_failures: Mapped[int] = mapped_column(default=0, server_default="0")
    open_until: Mapped[float | None]
    reopenings: Mapped[int] = mapped_column(default=0, server_default="0")
    free_at: Mapped[float | None]


class WebhookOrgSecret(Model):
    """What signs for an organisation's jobs that brought a `webhook_url` of their own. Sealed, as an endpoint's."""

    __tablename__ = "webhook_org_secrets"

    org_id: Mapped[int] = mapped_column(BigId, ForeignKey("orgs.id"), primary_key=True, autoincrement=False)
    secret: Mapped[str]
    previous_secret: Mapped[str | None]
    previous_secret_until: Mapped[float | None]
    created_at: Mapped[float]


class WebhookMessage(Model):
    """`body` is what is signed and sent, byte for byte, at each attempt and to everybody."""

    __tablename__ = "webhook_messages"
    __table_args__ = (Index("ix_webhook_messages_org_id_created_at_id", "org_id", "created_at", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    type: Mapped[str]
    body: Mapped[bytes]
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id"), index=True)
    created_at: Mapped[float] = mapped_column(index=True)


class WebhookDelivery(Model):
    """One message on its way to one endpoint. `status` is an `app.domain.webhook_states.DeliveryStatus`.

    `attempts` counts those of the schedule, before each is made; `token` grows with every claim, and a claim that is
    not the last one commits nothing. `is_manual`: somebody asked for the attempt that is due, so it counts for nothing;
    `resume_at` is then when the schedule goes on, None when it has ended.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("message_id", "endpoint_id"),
        Index("ix_webhook_deliveries_org_id_created_at_id", "org_id", "created_at", "id"),
        Index(
            "ix_webhook_deliveries_pending",
            "endpoint_id",
            "next_at",
            sqlite_where=text(IS_PENDING),
            postgresql_where=text(IS_PENDING),
        ),
        Index(
            "ix_webhook_deliveries_first",
            "endpoint_id",
            "next_at",
            sqlite_where=text(IS_FIRST),
            postgresql_where=text(IS_FIRST),
        ),
        Index(
            "ix_webhook_deliveries_asked_for",
            "endpoint_id",
            "next_at",
            sqlite_where=text(IS_ASKED_FOR),
            postgresql_where=text(IS_ASKED_FOR),
        ),
        Index(
            "ix_webhook_deliveries_sending",
            "endpoint_id",
            sqlite_where=text(IS_SENDING),
            postgresql_where=text(IS_SENDING),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("webhook_messages.id"))
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    status: Mapped[str]
    attempts: Mapped[int]
    token: Mapped[int]
    next_at: Mapped[float | None]
    lease_expires_at: Mapped[float | None]
    is_manual: Mapped[bool]
    resume_at: Mapped[float | None]
    created_at: Mapped[float]
    finished_at: Mapped[float | None]


class WebhookAttempt(Model):
    """What came of one attempt; `error` is an `AttemptError`, None after a success. `response` is its first 20 kB."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index("ix_webhook_attempts_org_id_at_id", "org_id", "at", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.id"))
    delivery_id: Mapped[int] = mapped_column(ForeignKey("webhook_deliveries.id"), index=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    number: Mapped[int]
    is_manual: Mapped[bool]
    at: Mapped[float] = mapped_column(index=True)
    duration_ms: Mapped[int]
    status_code: Mapped[int | None]
    error: Mapped[str | None]
    response: Mapped[str]
    next_at: Mapped[float | None]

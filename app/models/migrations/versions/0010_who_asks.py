"""Who asks and what they may: people, their sessions, scopes of keys, limits of organisations, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

IS_LIVE_SUBJECT = sa.text("subject_id IS NOT NULL AND status IN ('queued', 'running', 'waiting')")
ALL_SCOPES = "jobs:read jobs:write assets:write webhooks:manage admin"
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _make_people()
    _make_audit_log()
    op.create_table(
        "org_limits",
        sa.Column("org_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("jobs_at_once", sa.Integer(), nullable=True),
        sa.Column("minutes_a_day", sa.Double(), nullable=True),
        sa.Column("storage_bytes", BIG_ID, nullable=True),
        sa.Column("requests_a_minute", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_org_limits_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_org_limits")),
    )
    # Plain additions, for the same reason as in 0002.
    _add_user_id("api_keys")
    op.add_column("api_keys", sa.Column("scopes", sa.String(), nullable=False, server_default=ALL_SCOPES))
    op.add_column("api_keys", sa.Column("expires_at", sa.Double(), nullable=True))
    _add_user_id("jobs")
    op.add_column("jobs", sa.Column("subject_id", sa.String(), nullable=True))
    op.add_column("jobs", sa.Column("key_id", sa.String(), nullable=True))
    op.add_column("jobs", sa.Column("video_s", sa.Double(), nullable=True))
    op.create_index("ix_jobs_org_id_created_at", "jobs", ["org_id", "created_at"])
    op.create_index(
        "uq_jobs_org_id_subject_id_live",
        "jobs",
        ["org_id", "subject_id"],
        unique=True,
        sqlite_where=IS_LIVE_SUBJECT,
        postgresql_where=IS_LIVE_SUBJECT,
    )


def _make_people() -> None:
    op.create_table(
        "users",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("org_id", BIG_ID, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("disabled_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_users_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("public_id", name=op.f("uq_users_public_id")),
    )
    op.create_index(op.f("ix_users_org_id"), "users", ["org_id"])
    op.create_table(
        "sign_ins",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("last_used_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_ins_user_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sign_ins")),
    )
    op.create_index(op.f("ix_sign_ins_user_id"), "sign_ins", ["user_id"])
    op.create_index(op.f("ix_sign_ins_expires_at"), "sign_ins", ["expires_at"])


def _make_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("org_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=True),
        sa.Column("key_id", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_audit_log_org_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_audit_log_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_org_id_id", "audit_log", ["org_id", "id"])


def _add_user_id(table: str) -> None:
    user = sa.ForeignKey("users.id", name=op.f(f"fk_{table}_user_id"))
    op.add_column(table, sa.Column("user_id", BIG_ID, user, nullable=True), inline_references=True)

"""Providers and pauses, drains, schedules, and the steps that are stuck."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

CALLS_A_PROVIDER = sa.text("provider IS NOT NULL")
IS_DONE_HERE = sa.text("status = 'succeeded' AND NOT adopted")
IS_CANARY = sa.text("kind = 'canary'")


def upgrade() -> None:
    op.create_table(
        "pool_pauses",
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("pool", name=op.f("pk_pool_pauses")),
    )
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("next_at", sa.Double(), nullable=False),
        sa.Column("fired_at", sa.Double(), nullable=True),
        sa.Column("ticks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
    )
    op.create_table(
        "stuck_steps",
        sa.Column("step_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name=op.f("fk_stuck_steps_step_id")),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_stuck_steps")),
    )
    op.create_index(op.f("ix_stuck_steps_reason"), "stuck_steps", ["reason"])
    # Plain additions, for the same reason as in 0002.
    op.add_column("workers", sa.Column("draining_at", sa.Double()))
    op.add_column("steps", sa.Column("provider", sa.String()))
    op.add_column("steps", sa.Column("postponed_s", sa.Double(), nullable=False, server_default="0"))
    op.create_index(
        "ix_steps_done_here",
        "steps",
        ["kind", "finished_at"],
        sqlite_where=IS_DONE_HERE,
        postgresql_where=IS_DONE_HERE,
    )
    op.add_column("step_attempts", sa.Column("provider", sa.String()))
    op.create_index(
        "ix_step_attempts_provider",
        "step_attempts",
        ["provider", "started_at"],
        sqlite_where=CALLS_A_PROVIDER,
        postgresql_where=CALLS_A_PROVIDER,
    )
    op.create_index("ix_jobs_canary", "jobs", ["id"], sqlite_where=IS_CANARY, postgresql_where=IS_CANARY)


def downgrade() -> None:
    op.drop_index("ix_jobs_canary", "jobs")
    op.drop_index("ix_step_attempts_provider", "step_attempts")
    op.drop_column("step_attempts", "provider")
    op.drop_index("ix_steps_done_here", "steps")
    for name in ("postponed_s", "provider"):
        op.drop_column("steps", name)
    op.drop_column("workers", "draining_at")
    for table in ("stuck_steps", "schedules", "pool_pauses"):
        op.drop_table(table)

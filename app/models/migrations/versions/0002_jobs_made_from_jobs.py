"""Jobs that are made from another job, and steps that are done anew."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

HAS_PARENT = sa.text("parent_id IS NOT NULL")


def upgrade() -> None:
    # Plain additions: SQLite makes them in place, where a copied table would tear at the steps that point to it.
    parent = sa.ForeignKey("jobs.id", name=op.f("fk_jobs_parent_id"))
    parent_id = sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), parent)
    op.add_column("jobs", parent_id, inline_references=True)
    op.add_column("jobs", sa.Column("relation", sa.String()))
    op.add_column("jobs", sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("jobs", sa.Column("fresh_from", sa.String()))
    op.create_index("ix_jobs_parent_id", "jobs", ["parent_id"], sqlite_where=HAS_PARENT, postgresql_where=HAS_PARENT)
    op.add_column("steps", sa.Column("fresh", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("steps", "fresh")
    op.drop_index("ix_jobs_parent_id", "jobs")
    for name in ("fresh_from", "revision", "relation", "parent_id"):
        op.drop_column("jobs", name)

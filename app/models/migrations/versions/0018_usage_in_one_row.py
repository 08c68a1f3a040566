"""What an organisation uses of its quotas, in one row: no request adds up its jobs of the day."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "org_usage",
        sa.Column("org_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("jobs", BIG_ID, nullable=False),
        sa.Column("video_s", sa.Double(), nullable=False),
        sa.Column("counted_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_org_usage_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_org_usage")),
    )

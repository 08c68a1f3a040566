"""What quotas are held against: an organisation's stored bytes as last counted."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "org_storage",
        sa.Column("org_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("size_bytes", BIG_ID, nullable=False),
        sa.Column("counted_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_org_storage_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_org_storage")),
    )

"""The brand kits of organisations."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "brand_kits",
        sa.Column(
            "org_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("ground", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("accent", sa.String(), nullable=True),
        sa.Column("font", sa.String(), nullable=True),
        sa.Column("logo", sa.String(), nullable=True),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["logo"], ["assets.id"], name=op.f("fk_brand_kits_logo")),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_brand_kits_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_brand_kits")),
    )

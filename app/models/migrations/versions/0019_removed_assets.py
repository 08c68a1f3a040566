"""Uploads that were taken away and whose bytes are still in storage.

Those of before are found in the audit log: their bytes count from now on, and go, or stay for the jobs that need them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AUDIT_LOG = sa.table(
    "audit_log",
    sa.column("id"),
    sa.column("org_id"),
    sa.column("action"),
    sa.column("target"),
    sa.column("before", sa.JSON()),
    sa.column("created_at"),
)


def upgrade() -> None:
    removed_assets = op.create_table(
        "removed_assets",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org_id", BIG_ID, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", BIG_ID, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("removed_at", sa.Double(), nullable=False),
        sa.Column("looked_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["orgs.id"], name=op.f("fk_removed_assets_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removed_assets")),
    )
    for column in ("org_id", "sha256", "looked_at"):
        op.create_index(op.f(f"ix_removed_assets_{column}"), "removed_assets", [column])
    deleted = sa.select(AUDIT_LOG).where(AUDIT_LOG.c.action == "asset.deleted").order_by(AUDIT_LOG.c.id)
    rows = [
        {
            "id": entry.target,
            "org_id": entry.org_id,
            "sha256": entry.before["sha256"],
            "size_bytes": entry.before["size_bytes"],
            # When it was uploaded is not said there. It matters only since the last count, which has none of them.
            "created_at": entry.created_at,
            "removed_at": entry.created_at,
        }
        for entry in op.get_bind().execute(deleted)
    ]
    if rows:
        op.bulk_insert(removed_assets, rows)

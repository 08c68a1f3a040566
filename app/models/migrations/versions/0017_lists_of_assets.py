"""Pages of assets, newest first, without sorting all those of an organisation."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_index("ix_assets_org_id_created_at_id", "assets", ["org_id", "created_at", "id"])
    # The new one finds by the organisation too.
    op.drop_index("ix_assets_org_id", "assets")

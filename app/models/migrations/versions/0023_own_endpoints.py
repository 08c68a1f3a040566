"""Find the endpoints that an organisation has made, however many its jobs have brought along."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

OWN = sa.text("NOT is_for_jobs")


def upgrade() -> None:
    op.create_index("ix_webhook_endpoints_own", "webhook_endpoints", ["org_id"], sqlite_where=OWN, postgresql_where=OWN)

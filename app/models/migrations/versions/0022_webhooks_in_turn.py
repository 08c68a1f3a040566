"""What the delivery of webhooks looks up beside due times; when the people of an endpoint were told that it fails."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"

FIRST = sa.text("status = 'pending' AND attempts = 0 AND NOT is_manual")
ASKED_FOR = sa.text("status = 'pending' AND is_manual")


def _partial(where: sa.TextClause) -> dict[str, Any]:
    return {"sqlite_where": where, "postgresql_where": where}


def upgrade() -> None:
    op.add_column("webhook_endpoints", sa.Column("told_failing_at", sa.Double(), nullable=True))
    due = ["endpoint_id", "next_at"]
    op.create_index("ix_webhook_deliveries_first", "webhook_deliveries", due, **_partial(FIRST))
    op.create_index("ix_webhook_deliveries_asked_for", "webhook_deliveries", due, **_partial(ASKED_FOR))

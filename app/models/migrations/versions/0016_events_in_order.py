"""The events of all jobs in one order, for streams of a whole organisation."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    # A plain addition, for the same reason as in 0002.
    position = sa.Column(
        "position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, server_default="0"
    )
    op.add_column("job_events", position)
    op.create_index("ix_job_events_position", "job_events", ["position", "job_id", "seq"])

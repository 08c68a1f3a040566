"""What a worker encodes with: the encoder whose test encode succeeded when it started."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("workers", sa.Column("encoder", sa.JSON()))

"""Which pool does a step, where another one looks first whether its result is known."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("steps", sa.Column("work_pool", sa.String(), nullable=True))

"""Where a worker's pid names a process: who shares it sees that the worker has died."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("workers", sa.Column("pid_space", sa.String()))

"""The backlog's index in the order in which it is called, so that the first of ten thousand is read and no more."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

IS_UNRUNG = sa.text("status = 'ready' AND rung_at IS NULL")


def upgrade() -> None:
    op.drop_index("ix_steps_unrung", "steps")
    op.create_index(
        "ix_steps_unrung",
        "steps",
        ["pool", "org_id", sa.text("priority DESC"), "id"],
        sqlite_where=IS_UNRUNG,
        postgresql_where=IS_UNRUNG,
    )

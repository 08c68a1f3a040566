"""Pages of jobs by status and by subject, without reading all the jobs of an organisation."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

HAS_SUBJECT = sa.text("subject_id IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_jobs_org_id_status_id", "jobs", ["org_id", "status", "id"])
    op.create_index(
        "ix_jobs_org_id_subject_id_id",
        "jobs",
        ["org_id", "subject_id", "id"],
        sqlite_where=HAS_SUBJECT,
        postgresql_where=HAS_SUBJECT,
    )

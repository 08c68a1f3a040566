"""The families of videos, in which each edit has its own number, and wishes that a retry inherits."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

HAS_ROOT = sa.text("root_id IS NOT NULL")
IS_REVISION = sa.text("relation = 'revision'")


def upgrade() -> None:
    # Plain additions, for the same reason as in 0002.
    root = sa.ForeignKey("jobs.id", name=op.f("fk_jobs_root_id"))
    root_id = sa.Column("root_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), root)
    op.add_column("jobs", root_id, inline_references=True)
    op.add_column("jobs", sa.Column("inherits_wish", sa.Boolean(), nullable=False, server_default=sa.false()))
    _number_families()
    op.create_index("ix_jobs_root_id", "jobs", ["root_id"], sqlite_where=HAS_ROOT, postgresql_where=HAS_ROOT)
    op.create_index(
        "uq_jobs_root_id_revision",
        "jobs",
        ["root_id", "revision"],
        unique=True,
        sqlite_where=IS_REVISION,
        postgresql_where=IS_REVISION,
    )


def downgrade() -> None:
    op.drop_index("uq_jobs_root_id_revision", "jobs")
    op.drop_index("ix_jobs_root_id", "jobs")
    for name in ("inherits_wish", "root_id"):
        op.drop_column("jobs", name)


def _number_families() -> None:
    """Give every job that was made from another its root, and every edit a number of its own, in their order."""
    connection = op.get_bind()
    made = connection.execute(
        sa.text("SELECT id, parent_id, relation FROM jobs WHERE parent_id IS NOT NULL ORDER BY id")
    ).all()
    roots: dict[int, int] = {}
    revisions: dict[int, int] = {}
    highest: dict[int, int] = {}
    for job_id, parent_id, relation in made:
        root = roots[job_id] = roots.get(parent_id, parent_id)
        if relation == "revision":
            highest[root] = highest.get(root, 1) + 1
            revisions[job_id] = highest[root]
        else:
            revisions[job_id] = revisions.get(parent_id, 1)
    if made:
        connection.execute(
            sa.text("UPDATE jobs SET root_id = :root, revision = :revision WHERE id = :id"),
            [{"id": job_id, "root": roots[job_id], "revision": revisions[job_id]} for job_id in roots],
        )

"""The migrations make the very tables that the models describe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from app.models import Job, RemovedAsset, Step, db
from app.models.database import Database
from app.models.migrate import _with_alembic, migrate


def is_comparable(thing: Any, name: str | None, type_: str, is_reflected: bool, other: Any) -> bool:
    """SQLite does not show the order of an index's columns, so one with an order looks different to Alembic."""
    return name != "ix_steps_unrung"


def test_the_migrated_database_is_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        opts = {"compare_type": True, "include_object": is_comparable}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, db.metadata) == []


def test_migrating_twice_at_once_is_harmless(database_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(migrate, database_url) for _ in range(2)]:
            done.result()
    opened = Database(database_url)
    assert "jobs" in inspect(opened.engine).get_table_names()
    opened.close()


# A job with one step, as the first version stored them.
OLD_ROWS = (
    "INSERT INTO orgs (id, name, created_at) VALUES (1, 'studio', 0)",
    "INSERT INTO jobs (id, public_id, org_id, kind, status, priority, input, labels, correlation_id, open_steps,"
    " work_total, work_done, last_seq, created_at, updated_at)"
    " VALUES (1, 'vid_old', 1, 'video', 'queued', 3, '{}', '{}', 'req_old', 1, 1, 0, 0, 0, 0)",
    "INSERT INTO steps (id, job_id, org_id, name, kind, pool, status, priority, params, weight, unmet, max_attempts,"
    " attempt, token, rings, progress, adopted, created_at)"
    " VALUES (1, 1, 1, 'script', 'video.script', 'io', 'ready', 3, '{}', 1, 0, 4, 0, 0, 0, 0, false, 0)",
)


def test_the_jobs_of_a_farm_that_is_brought_up_to_date_are_still_there(database_url: str) -> None:
    _with_alembic(database_url, lambda config: command.upgrade(config, "0001"))
    opened = Database(database_url)
    with opened.begin() as session:
        for statement in OLD_ROWS:
            session.execute(text(statement))
    migrate(database_url)
    with opened.read() as session:
        job, step = session.scalars(select(Job)).one(), session.scalars(select(Step)).one()
    assert (job.public_id, job.parent_id, job.revision, job.fresh_from) == ("vid_old", None, 1, None)
    assert (step.job_id, step.fresh) == (job.id, False)
    opened.close()


def test_edits_from_before_they_had_numbers_of_their_own_are_numbered_in_their_order(database_url: str) -> None:
    _with_alembic(database_url, lambda config: command.upgrade(config, "0003"))
    opened = Database(database_url)
    made_from = ((2, 1, "revision"), (3, 1, "revision"), (4, 2, "retry"), (5, 4, "revision"), (6, 1, "restart"))
    with opened.begin() as session:
        for statement in OLD_ROWS[:2]:
            session.execute(text(statement))
        for job_id, parent_id, relation in made_from:
            session.execute(
                text(
                    "INSERT INTO jobs (id, public_id, org_id, kind, status, priority, input, labels, correlation_id,"
                    " open_steps, work_total, work_done, last_seq, created_at, updated_at, parent_id, relation,"
                    " revision) VALUES (:id, :public_id, 1, 'video', 'failed', 3, '{}', '{}', 'req_old',"
                    " 1, 1, 0, 0, 0, 0, :parent, :relation, 2)"
                ),
                {"id": job_id, "public_id": f"vid_{job_id}", "parent": parent_id, "relation": relation},
            )
    migrate(database_url)
    with opened.read() as session:
        jobs = session.scalars(select(Job).order_by(Job.id)).all()
    assert [(job.root_id, job.revision) for job in jobs] == [(None, 1), (1, 2), (1, 3), (1, 2), (1, 4), (1, 1)]
    opened.close()


def test_uploads_that_were_taken_away_before_are_found_in_the_audit_log(database_url: str) -> None:
    _with_alembic(database_url, lambda config: command.upgrade(config, "0018"))
    opened = Database(database_url)
    with opened.begin() as session:
        session.execute(text(OLD_ROWS[0]))
        for action, target in (("asset.uploaded", "ast_kept"), ("asset.deleted", "ast_gone")):
            session.execute(
                text(
                    "INSERT INTO audit_log (org_id, action, target, before, correlation_id, created_at)"
                    " VALUES (1, :action, :target, :before, 'req_old', 7)"
                ),
                {"action": action, "target": target, "before": f'{{"sha256": "{"a" * 64}", "size_bytes": 12}}'},
            )
    migrate(database_url)
    with opened.read() as session:
        row = session.scalars(select(RemovedAsset)).one()
    assert (row.id, row.org_id, row.sha256, row.size_bytes) == ("ast_gone", 1, "a" * 64, 12)
    assert (row.removed_at, row.looked_at) == (7, None)
    opened.close()

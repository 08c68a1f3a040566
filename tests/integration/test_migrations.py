"""The migrations make the very tables that the models describe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from app.models import db
from app.models.database import Database
from app.models.migrate import migrate


def test_the_migrated_database_is_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_migrating_twice_at_once_is_harmless(database_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(migrate, database_url) for _ in range(2)]:
            done.result()
    opened = Database(database_url)
    assert "jobs" in inspect(opened.engine).get_table_names()
    opened.close()

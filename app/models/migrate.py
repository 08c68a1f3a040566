"""Bring the database to the tables of this version: `python -m app.models.migrate [--new MESSAGE]`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from app.models.database import make_engine
from config.settings import load_settings

# Any constant: it names the lock that lets one host migrate at a time.
MIGRATION_LOCK = 0x5CE9E

# Events are ordered by the server's count of transactions (`app.models.event`). Those of a backup that was made on a
# server which had counted further would stand before everything that happens here, so they go to the beginning.
FORGET_FOREIGN_POSITIONS = (
    "UPDATE job_events SET position = 0 WHERE position >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
)


def migrate(url: str) -> None:
    """Apply what is missing; safe to run from several hosts at once."""
    _with_alembic(url, _upgrade)


def _upgrade(config: Config) -> None:
    command.upgrade(config, "head")
    connection = config.attributes["connection"]
    if connection.dialect.name == "postgresql":
        connection.execute(text(FORGET_FOREIGN_POSITIONS))


def _with_alembic(url: str, act: Callable[[Config], object]) -> None:
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = make_engine(url, pooled=False)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        act(config)
    engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--new", metavar="MESSAGE", help="write a new migration from the difference to the models")
    arguments = parser.parse_args()
    url = load_settings().database_url
    try:
        if arguments.new:
            _with_alembic(url, lambda config: command.revision(config, arguments.new, autogenerate=True))
        else:
            migrate(url)
    except OperationalError as error:
        # The driver's own sentence is what helps; the stack above it helps nobody. The URL may hold a password.
        where = make_url(url).render_as_string(hide_password=True)
        raise SystemExit(f"DATABASE_URL: the database at {where} cannot be used: {error.orig}".strip()) from None


if __name__ == "__main__":
    main()

"""Whether the database answers and holds our tables."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.domain.errors import ServiceUnavailable
from app.models import Job
from app.models.database import Database


def check_database(database: Database) -> None:
    """Raise ServiceUnavailable when nothing can be read now. The reason goes to the log, for it may name hosts."""
    try:
        with database.read() as session:
            session.execute(select(Job.id).limit(1)).first()
    except SQLAlchemyError as error:
        raise ServiceUnavailable("The database does not answer, or has not been migrated.") from error

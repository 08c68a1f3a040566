"""Alembic's entry: runs the migrations on the connection that `app.models.migrate` hands over."""

from alembic import context

from app.models import db

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=db.metadata,
    # SQLite cannot alter a column: Alembic copies the table instead.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

"""The audit log only grows: the database itself refuses to change or delete its rows.

A migration that makes the table anew (SQLite's way of changing one) must make these triggers anew as well.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

REFUSAL = "The audit log only grows: its rows are neither changed nor deleted."

# A row that is written over by INSERT OR REPLACE is deleted without the trigger for that.
ON_SQLITE = tuple(
    f"CREATE TRIGGER audit_log_{name} BEFORE {event} ON audit_log BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    for name, event in (
        ("unchanged", "UPDATE"),
        ("undeleted", "DELETE"),
    )
) + (
    "CREATE TRIGGER audit_log_unreplaced BEFORE INSERT ON audit_log"
    " WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)"
    f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
)
ON_POSTGRESQL = (
    "CREATE FUNCTION refuse_to_change_audit_log() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$",
    "CREATE TRIGGER audit_log_grows_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit_log()",
)


def upgrade() -> None:
    for statement in ON_SQLITE if op.get_bind().dialect.name == "sqlite" else ON_POSTGRESQL:
        op.execute(statement)

"""The audit log is written here, and nowhere else: one row for each act that changed something.

    note(session, asking, AuditAction.JOB_CANCELED, job.public_id, before={"status": …}, after={"status": …})

The row is added in the transaction of the act, so that neither stands without the other. What was refused, failed, or
changed nothing (a job canceled again, a request replayed by its key) leaves none: the request's log line tells of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.models import AuditEntry
from app.models.database import now_s
from app.services.asking import Asking
from config.redaction import redact

# A row says what changed, not all that there is: it is kept for ever, and a page of a hundred is one answer.
LONGEST_TEXT = 500
MOST_ITEMS = 20
DEEPEST = 3
CUT = "…"

# Built once: every request that makes something runs it.
ADD = insert(AuditEntry).values(created_at=now_s())


def note(
    session: Session,
    asking: Asking,
    action: AuditAction,
    target: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add a row in the caller's transaction. `before` and `after` hold JSON; secrets and what is long are taken out."""
    row = {
        "org_id": asking.org_id,
        "user_id": asking.user_id,
        "key_id": asking.key_id,
        "action": action,
        "target": summary(target),
        "before": None if before is None else summary(before),
        "after": None if after is None else summary(after),
        "ip": asking.ip,
        "correlation_id": asking.correlation_id,
    }
    # On the connection, as the statements of the hot path; what the session holds back is not needed by this row.
    session.connection().execute(ADD, row)


def summary(value: Any, depth: int = 0) -> Any:
    """A JSON value as a row keeps it: redacted, its texts, lists and objects cut to a size."""
    match value:
        case str():
            text = redact(str(value))
            return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + CUT
        case Mapping() | list() | tuple() if depth >= DEEPEST:
            return CUT
        case Mapping():
            kept = {summary(str(name)): summary(item, depth + 1) for name, item in list(value.items())[:MOST_ITEMS]}
            return kept if len(value) <= MOST_ITEMS else kept | {CUT: f"and {len(value) - MOST_ITEMS} more"}
        case list() | tuple():
            first = [summary(item, depth + 1) for item in value[:MOST_ITEMS]]
            return first if len(value) <= MOST_ITEMS else [*first, f"{CUT} and {len(value) - MOST_ITEMS} more"]
    return value

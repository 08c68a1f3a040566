"""The audit log: written with the act or not at all, told to admins alone, changed by nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DatabaseError

from app.domain.access import Scope
from app.domain.audit_actions import AuditAction
from app.models import AuditEntry, User
from app.models.database import Database, database_now_s
from app.services.api_keys import key_id_of
from app.services.asking import Asking
from app.services.audit_log import CUT, LONGEST_TEXT, MOST_ITEMS, note
from app.services.caller import Caller
from tests.api_server import Api, data_of, error_of, local_org_id, serve
from tests.audit_log import audited
from tests.farms import make_org


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def entries(api: Api, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = data_of(api.get(f"/api/audit{query}"))["items"]
    return items


def told(api: Api, query: str = "") -> list[tuple[str, str]]:
    return [(entry["action"], entry["target"]) for entry in entries(api, query)]


def write(database: Database, asking: Asking, target: str, **told: Any) -> None:
    with database.begin() as session:
        note(session, asking, AuditAction.JOB_CANCELED, target, **told)


def test_an_act_is_told_with_who_and_from_where_and_what_changed(api: Api) -> None:
    job_id = api.accept()["id"]
    api.post(f"/api/jobs/{job_id}/cancel", x_correlation_id="my-cancel.1")
    canceled, created = entries(api)
    assert api.key is not None
    assert canceled == {
        "id": canceled["id"],
        "at": canceled["at"],
        "action": "job.canceled",
        "target": job_id,
        "key": {"id": key_id_of(api.key), "name": "local.key"},
        "user": None,
        "ip": "127.0.0.1",
        "correlation_id": "my-cancel.1",
        "before": {"status": "queued"},
        "after": {"status": "canceled"},
    }
    assert (created["action"], created["target"], created["before"]) == ("video.created", job_id, None)
    assert created["after"] == {"source": "text", "width_px": 1080, "height_px": 1920, "priority": 3}


def test_what_changes_nothing_or_is_refused_leaves_no_entry(api: Api) -> None:
    key = {"Idempotency-Key": "one"}
    first, again = (api.post("/api/videos", {"text": "A river."}, **key) for _ in range(2))
    job_id = data_of(first)["id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [api.post(f"/api/jobs/{job_id}/cancel").status for _ in range(2)] == [200, 200]
    assert api.post(f"/api/jobs/{job_id}/retry", {"from_step": "nothing"}).status == 422
    assert api.stranger().post(f"/api/jobs/{job_id}/restart").status == 404
    assert api.post("/api/jobs/bulk/cancel", {"filter": {"kind": "video"}}).status == 200
    assert api.post("/api/jobs/bulk/cancel", {"filter": {"kind": "video"}, "confirm": 0}).status == 200
    assert data_of(api.ask("DELETE", "/api/brand-kit"))["deleted"] is False
    assert api.post("/api/admin/pools/cpu/resume").status == 200
    assert told(api) == [("job.canceled", job_id), ("video.created", job_id)]


def test_many_jobs_at_once_are_one_entry_with_the_filter_and_the_count(api: Api) -> None:
    jobs = [api.accept()["id"] for _ in range(3)]
    wanted = {"ids": jobs, "status": ["queued"]}
    assert api.post("/api/jobs/bulk/cancel", {"filter": wanted, "confirm": 3}, x_correlation_id="stop").status == 200
    stopped, *created = entries(api)
    assert (stopped["action"], stopped["target"], len(created)) == ("jobs.canceled", "jobs", 3)
    given = {"ids": jobs, "statuses": ["queued"]}
    assert stopped["after"] == {"filter": given, "found": 3, "acts_on": 3}


def test_a_page_is_filtered_by_what_who_to_what_and_when(api: Api) -> None:
    other = api.limited(Scope.JOBS_READ, Scope.JOBS_WRITE)
    first = api.accept()["id"]
    second = other.accept()["id"]
    other.post(f"/api/jobs/{first}/cancel")
    assert other.key is not None
    assert told(api, "?action=job.canceled") == [("job.canceled", first)]
    assert told(api, f"?target={first}") == [("job.canceled", first), ("video.created", first)]
    assert told(api, f"?actor={key_id_of(other.key)}") == [("job.canceled", first), ("video.created", second)]
    assert told(api, "?actor=nobody") == []
    _, latest, _ = entries(api)
    assert told(api, f"?since={latest['at']}") == [("job.canceled", first), ("video.created", second)]
    assert told(api, f"?until={latest['at']}") == [("video.created", first)]
    later = (datetime.fromisoformat(latest["at"]) + timedelta(hours=1)).isoformat().replace("+", "%2B")
    assert told(api, f"?since={later}") == []


def test_pages_walk_both_ways(api: Api) -> None:
    jobs = [api.accept()["id"] for _ in range(5)]
    first = data_of(api.get("/api/audit?limit=2"))
    assert ([item["target"] for item in first["items"]], first["has_more"]) == ([jobs[4], jobs[3]], True)
    older = data_of(api.get(f"/api/audit?limit=3&starting_after={first['items'][-1]['id']}"))
    assert ([item["target"] for item in older["items"]], older["has_more"]) == ([jobs[2], jobs[1], jobs[0]], False)
    newer = data_of(api.get(f"/api/audit?limit=1&ending_before={older['items'][0]['id']}"))
    assert ([item["target"] for item in newer["items"]], newer["has_more"]) == ([jobs[3]], True)


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("limit=0", 422, "limit"),
        ("limit=101", 422, "limit"),
        ("action=job.eaten", 422, "action"),
        ("since=yesterday", 422, "since"),
        ("until=2026-01-31T09:30:00", 422, "until"),
        ("actors=x", 422, "actors"),
        ("starting_after=aud_1&ending_before=aud_1", 422, "ending_before"),
        ("starting_after=vid_1", 400, "starting_after"),
        ("ending_before=aud_999999999999999999", 400, "ending_before"),
    ],
)
def test_a_wrong_query_names_its_parameter(api: Api, query: str, status: int, field: str) -> None:
    answer = api.get(f"/api/audit?{query}")
    assert (answer.status, error_of(answer)["details"]["field"]) == (status, field)


def test_each_organisation_reads_its_own_and_only_its_admins(api: Api) -> None:
    stranger = api.stranger()
    job_id = stranger.accept()["id"]
    (entry,) = entries(stranger)
    assert entry["target"] == job_id
    # Nor does running the farm open the others' books.
    assert entries(api) == []
    never_was, anothers = (api.get(f"/api/audit?starting_after={cursor}") for cursor in ("aud_77777", entry["id"]))
    assert never_was.status == anothers.status == 400
    assert error_of(never_was)["message"] == error_of(anothers)["message"]
    assert api.limited(Scope.JOBS_READ, Scope.JOBS_WRITE).get("/api/audit").status == 403


def test_a_person_is_named_by_the_address_and_the_host_by_nothing(api: Api) -> None:
    database, org_id = api.farm.database, local_org_id(api)
    with database.begin() as session:
        person = {"public_id": "usr_ada", "email": "ada@example.com", "name": "Ada", "role": "admin"}
        user = User(org_id=org_id, created_at=database_now_s(session), **person)
        session.add(user)
        session.flush()
        ada = Caller(org_id, frozenset(Scope), False, session_id="0" * 64, user_id=user.id)
    write(database, Asking(org_id, "by-ada", caller=ada, ip="192.0.2.7"), "vid_1")
    write(database, Asking(org_id, "by-the-host"), "vid_2")
    host, person_told = entries(api)
    assert (host["key"], host["user"], host["ip"]) == (None, None, None)
    assert (person_told["user"], person_told["ip"]) == ({"id": "usr_ada", "email": "ada@example.com"}, "192.0.2.7")
    assert told(api, "?actor=usr_ada") == [("job.canceled", "vid_1")]


def test_an_entry_stands_or_falls_with_its_act(database: Database) -> None:
    org_id = make_org(database)
    with pytest.raises(ZeroDivisionError), database.begin() as session:
        note(session, Asking(org_id, "x"), AuditAction.JOB_CANCELED, "vid_1")
        _ = 1 / 0
    assert audited(database) == []


CHANGES = {
    "changed": update(AuditEntry).values(target="vid_2"),
    "deleted": delete(AuditEntry),
    "replaced": insert(AuditEntry),
}


@pytest.mark.parametrize("how", CHANGES)
def test_the_database_refuses_to_change_what_was_written(database: Database, how: str) -> None:
    write(database, Asking(make_org(database), "x"), "vid_1")
    (row,) = audited(database)
    change: Any = CHANGES[how]
    if how == "replaced":
        known = {column.name: getattr(row, column.name) for column in AuditEntry.__table__.columns}
        change = change.values({**known, "target": "vid_2"})
        change = change.prefix_with("OR REPLACE", dialect="sqlite")
    with pytest.raises(DatabaseError), database.begin() as session:
        session.execute(change)
    if database.engine.dialect.name == "postgresql":
        with pytest.raises(DatabaseError, match="only grows"), database.begin() as session:
            session.execute(text("TRUNCATE audit_log"))
    (kept,) = audited(database)
    assert kept.target == "vid_1"


def test_no_secret_and_no_whole_text_gets_into_an_entry(database: Database) -> None:
    asking = Asking(make_org(database), "x")
    secret = "whsec_" + "s" * 40
    after = {
        "reason": f"the receiver said {secret}",
        secret: "as a name",
        "text": "x" * 5000,
        "list": list(range(1000)),
        "deep": {"a": {"b": {"c": {"d": 1}}}},
        **{f"field {number}": number for number in range(100)},
    }
    write(database, asking, "vid_1", before={"items": [{"key": secret}]}, after=after)
    (row,) = audited(database)
    assert row.before == {"items": [{"key": "whsec_[redacted]"}]}
    assert row.after is not None
    assert secret not in json.dumps(row.after)
    assert len(row.after["text"]) == LONGEST_TEXT
    assert row.after["list"] == [*range(MOST_ITEMS), f"{CUT} and {1000 - MOST_ITEMS} more"]
    assert row.after["deep"] == {"a": {"b": CUT}}
    assert len(row.after) == MOST_ITEMS + 1

"""The client's methods for keys and users, against the real API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.client import Client, Conflict, NotAllowed, NotAuthorized, NotFound, Role, Scope
from app.client import access as client_access
from app.domain.access import ALL_SCOPES
from tests.served_api import ServedApi


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ServedApi]:
    with ServedApi(tmp_path / "home") as served:
        yield served


@pytest.fixture
def client(api: ServedApi) -> Iterator[Client]:
    with Client(api.url, api.key) as client:
        yield client


def test_a_key_is_made_rotated_and_revoked(api: ServedApi, client: Client) -> None:
    made = client.make_key("shop", {Scope.JOBS_READ})
    assert made.key not in repr(made)
    with Client(api.url, made.key) as shop:
        told = shop.whoami()
        assert (told.key_id, told.org, told.scopes, told.is_operator) == (made.id, "local", {Scope.JOBS_READ}, False)
        # Known and not let do it is another thing than not known.
        with pytest.raises(NotAllowed):
            list(shop.keys())
    with pytest.raises(Conflict):
        client.make_key("shop", {Scope.JOBS_READ})
    new = client.rotate_key(made.id, old_ends_at=datetime(2026, 1, 31, tzinfo=UTC))
    with Client(api.url, made.key) as shop, pytest.raises(NotAuthorized):
        shop.whoami()
    assert client.revoke_key(new.id).revoked_at is not None
    with Client(api.url, new.key) as shop, pytest.raises(NotAuthorized):
        shop.whoami()
    with pytest.raises(NotFound):
        client.revoke_key("000000000000")
    assert client.whoami().scopes == ALL_SCOPES and client.whoami().is_operator


def test_users_are_added_and_changed(client: Client) -> None:
    added = client.add_user("Noor@example.com", "Noor", role=Role.REVIEWER)
    assert (added.email, added.role, added.has_password) == ("noor@example.com", Role.REVIEWER, False)
    changed = client.change_user(added.id, role=Role.ADMIN, password="correct horse battery")
    assert (changed.role, changed.has_password, changed.name) == (Role.ADMIN, True, "Noor")
    assert client.change_user(added.id, disabled=True).disabled_at is not None
    assert [user.id for user in client.users()] == [added.id]
    key = client.make_key("noor", {Scope.JOBS_READ}, user_id=added.id)
    assert key.user_id == added.id


def test_a_list_of_more_than_a_page_is_read_to_its_end(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_access, "PAGE", 2)
    names = [f"key {number}" for number in range(5)]
    for name in names:
        client.make_key(name, {Scope.JOBS_READ})
    assert [key.name for key in client.keys()] == [*reversed(names), "local.key"]

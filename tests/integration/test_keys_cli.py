"""scripts/keys, as a process on a real database: what it makes lets in, and what it takes away does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.domain.access import Scope
from app.domain.errors import Unauthorized
from app.models.database import Database
from app.services.api_keys import active_keys, verify
from app.services.passwords import check_password
from tests.farm_process import ROOT

# Each command is a process that takes a second to start; what it does on either database its services' tests show.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Command:
    """`scripts/keys` on one database."""

    def __init__(self, url: str, home: Path) -> None:
        # A path that is absolute in the form in which the settings want it.
        url = url.replace("sqlite:///", "sqlite:////").replace("/////", "////")
        self._environment = {**os.environ, "DATABASE_URL": url, "SCENEWORKS_HOME": str(home)}

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        # A terminal of the test run's must not be asked for a password.
        return subprocess.run(
            [sys.executable, "-P", "-m", "workers.keys_cli", *arguments],
            env={**self._environment, "PYTHONPATH": str(ROOT)},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def ask(self, *arguments: str, stdin: str = "") -> dict[str, Any]:
        """What it tells programs when it must succeed."""
        done = self.run(*arguments, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    def refusal(self, *arguments: str, stdin: str = "") -> tuple[int, str]:
        """The exit code, and the code for programs."""
        done = self.run(*arguments, "--json", stdin=stdin)
        told = json.loads(done.stdout.splitlines()[-1])
        assert told["error"]["message"] in done.stderr and "Traceback" not in done.stderr
        return done.returncode, told["error"]["code"]


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Command:
    return Command(database_url, tmp_path)


@pytest.fixture
def opened(database_url: str) -> Any:
    database = Database(database_url)
    yield database
    database.close()


def test_a_farm_that_has_never_run_is_given_an_organisation_and_its_keys(command: Command, opened: Database) -> None:
    assert command.ask("make-org", "Atlas Films")["org"]["name"] == "Atlas Films"
    made = command.run("make", "shop", "--org", "Atlas Films", "--scopes", "jobs:write,jobs:read")
    key = made.stdout.strip()
    caller = verify(opened, key)
    assert caller.scopes == {Scope.JOBS_READ, Scope.JOBS_WRITE} and not caller.is_operator

    rotated = command.ask("rotate", "shop", "--org", "Atlas Films")["key"]
    assert verify(opened, rotated["key"]).org_id == verify(opened, key).org_id
    listed = command.ask("list", "--org", "Atlas Films")["keys"]
    assert [one["name"] for one in listed] == ["shop", "shop"] and "key" not in listed[0]
    # The name is two keys' now, so it says neither.
    assert command.refusal("revoke", "shop", "--org", "Atlas Films") == (2, "INVALID_INPUT")
    command.ask("revoke", listed[1]["id"], "--org", "Atlas Films")
    with pytest.raises(Unauthorized):
        verify(opened, key)
    # Of the two it is one's alone again.
    assert command.ask("revoke", "shop", "--org", "Atlas Films")["key"]["id"] == rotated["id"]
    assert active_keys(opened, {rotated["id"], listed[1]["id"]}) == set()


def test_a_lost_key_of_the_farms_own_is_made_again(command: Command, opened: Database) -> None:
    assert verify(opened, command.ask("make", "rescue")["key"]["key"]).is_operator
    replaced = command.ask("rotate", "rescue", "--old-ends-in", "0")["key"]
    assert [one["id"] for one in command.ask("list")["keys"] if one["expires_at"] is None] == [replaced["id"]]
    assert command.refusal("rotate", "rescued") == (1, "NOT_FOUND")


def test_users_are_added_given_a_password_and_shut_out(command: Command, opened: Database) -> None:
    added = command.ask("make-user", "Mara@Example.com", "--role", "admin", "--name", "Mara")["user"]
    assert (added["email"], added["role"], added["has_password"]) == ("mara@example.com", "admin", False)
    assert command.refusal("make-user", "mara@example.com") == (1, "CONFLICT")
    changed = command.ask("set-password", "mara@example.com", stdin="correct horse battery\n")["user"]
    assert changed["has_password"]
    assert command.refusal("set-password", "mara@example.com", stdin="short\n") == (2, "INVALID_INPUT")
    with opened.begin() as session:
        stored = session.connection().exec_driver_sql("SELECT password_hash FROM users").scalar_one()
    assert stored.startswith("$argon2id$") and check_password(stored, "correct horse battery").is_right

    key = command.ask("make", "mara's", "--user", "mara@example.com")["key"]
    assert verify(opened, key["key"]).user_id is not None
    assert command.ask("disable-user", "mara@example.com")["user"]["disabled_at"] is not None
    with pytest.raises(Unauthorized):
        verify(opened, key["key"])
    assert active_keys(opened, {key["id"]}) == set()
    assert "disabled" in command.run("users").stdout
    assert command.ask("enable-user", "mara@example.com")["user"]["disabled_at"] is None
    assert verify(opened, key["key"]).key_id == key["id"]


def test_a_persons_key_does_no_more_than_the_person(command: Command, opened: Database) -> None:
    command.ask("make-user", "rex@example.com", "--role", "reviewer")
    key = command.ask("make", "rex's", "--user", "rex@example.com")["key"]["key"]
    caller = verify(opened, key)
    assert (caller.scopes, caller.is_operator) == ({Scope.JOBS_READ}, False)


def test_it_says_what_is_wrong_and_how_it_is_used(command: Command, tmp_path: Path) -> None:
    assert command.refusal("make") == (2, "USAGE")
    assert command.refusal("make", "x", "--scopes", "root") == (2, "USAGE")
    assert command.refusal("make", "x", "--org", "nobody") == (1, "NOT_FOUND")
    assert command.refusal("make-user", "no address") == (2, "USAGE")
    taught = command.run("--help").stdout
    assert all(scope in taught for scope in Scope) and "scripts/keys rotate" in taught
    away = Command("postgresql://nobody@127.0.0.1:1/none", tmp_path)
    assert away.refusal("orgs") == (1, "DATABASE")

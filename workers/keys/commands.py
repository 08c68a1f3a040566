"""What each command of scripts/keys does on the database, and what it has to tell."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from app.api.schemas import iso_time
from app.domain.access import Scope
from app.domain.errors import InvalidInput, NotFound
from app.domain.ids import new_id
from app.domain.people import read_password
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.key_admin import KeyView, MadeKey, give_key, list_keys, revoke_key, rotate_key
from app.services.keyset import Cut, Page
from app.services.orgs import OrgView, find_org, list_orgs, make_org
from app.services.users import UserChange, UserView, add_user, change_user, find_user, list_users

AT_ONCE = 100


@dataclass(frozen=True)
class Told:
    """What came of a command: for programs, and for people line by line."""

    value: dict[str, Any] = field(repr=False)
    lines: list[str] = field(repr=False)


def run(database: Database, admin_users: Collection[str], options: argparse.Namespace) -> Told:
    """Do what `options` say. Raises the product's errors."""
    match options.command:
        case "make-org":
            return _told("org", make_org(database, options.name), _org_line)
        case "orgs":
            return _listed("orgs", list_orgs(database), _org_line)
        case "disable-user" | "enable-user" | "set-password":
            return _change_user(database, admin_users, options)
    org_id = find_org(database, options.org)
    asking = Asking(org_id, new_id("req"))
    match options.command:
        case "make":
            user_id = None if options.user is None else find_user(database, options.user)[1]
            return _shown_once(give_key(database, asking, options.name, options.scopes, user_id))
        case "list":
            return _listed("keys", _keys(database, org_id), _key_line)
        case "rotate":
            old = _find_key(database, org_id, options.key)
            return _shown_once(rotate_key(database, asking, old.id, _now(database) + options.old_ends_in * 3600.0))
        case "revoke":
            key = revoke_key(database, asking, _find_key(database, org_id, options.key).id)
            return _told("key", key, _key_line)
        case "make-user":
            name = options.name or options.email.partition("@")[0]
            given = {"email": options.email, "name": name, "role": options.role}
            return _told("user", add_user(database, asking, admin_users, **given), _user_line)
        case _:
            users = _all(lambda cut: list_users(database, org_id, admin_users, cut))
            return _listed("users", list(users), _user_line)


def _change_user(database: Database, admin_users: Collection[str], options: argparse.Namespace) -> Told:
    org_id, user_id = find_user(database, options.email)
    if options.command == "set-password":
        change = UserChange(password=_ask_password())
    else:
        change = UserChange(is_disabled=options.command == "disable-user")
    changed = change_user(database, Asking(org_id, new_id("req")), admin_users, user_id, change)
    return _told("user", changed, _user_line)


def _ask_password() -> str:
    """From the terminal, unseen and twice, or the first line of standard input. InvalidInput for what cannot be one."""
    if sys.stdin.isatty():
        password = getpass.getpass("New password: ")
        if getpass.getpass("Once more: ") != password:
            raise InvalidInput("password", "The two are not the same.")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    try:
        return read_password(password)
    except ValueError as error:
        raise InvalidInput("password", f"The password {error}.") from None


def _find_key(database: Database, org_id: int, wanted: str) -> KeyView:
    """By id, or by the name of the one live key that has it. NotFound for none, InvalidInput for two."""
    keys, now = _keys(database, org_id), _now(database)
    for key in keys:
        if key.id == wanted:
            return key
    named = [key for key in keys if key.name == wanted and _is_live(key, now)]
    if not named:
        raise NotFound(f"There is no key {wanted} in use. scripts/keys list shows all.")
    if len(named) > 1:
        ids = " and ".join(key.id for key in reversed(named))
        raise InvalidInput("key", f"Two keys have this name, the older first: {ids}. Give the id.")
    return named[0]


def _is_live(key: KeyView, now: float) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def _keys(database: Database, org_id: int) -> list[KeyView]:
    return list(_all(lambda cut: list_keys(database, org_id, cut)))


def _all(page_of: Callable[[Cut], Page[Any]]) -> Iterator[Any]:
    """Every item of a list that comes in pages."""
    last: str | None = None
    while True:
        page = page_of(Cut(AT_ONCE, starting_after=last))
        yield from page.items
        if not page.has_more:
            return
        last = page.items[-1].id


def _now(database: Database) -> float:
    with database.read() as session:
        return database_now_s(session)


def _shown_once(made: MadeKey) -> Told:
    # The key alone on its line, so that it can be piped to where it is to stand.
    return Told({"key": {**_plain(made.view), "key": made.key}}, [made.key])


def _told(name: str, thing: Any, line: Callable[[Any], str]) -> Told:
    return Told({name: _plain(thing)}, [line(thing)])


def _listed(name: str, things: list[Any], line: Callable[[Any], str]) -> Told:
    return Told({name: [_plain(thing) for thing in things]}, [line(thing) for thing in things])


def _plain(thing: Any) -> dict[str, Any]:
    """As JSON: times as ISO 8601, scopes in one order; of an organisation no row's id."""
    value = asdict(thing)
    if isinstance(thing, OrgView):
        del value["id"]
    if "scopes" in value:
        value["scopes"] = [scope for scope in Scope if scope in thing.scopes]
    return {name: iso_time(at) if name.endswith("_at") and at is not None else at for name, at in value.items()}


def _org_line(org: OrgView) -> str:
    return f"{org.name}  since {iso_time(org.created_at)}"


def _key_line(key: KeyView) -> str:
    ends = {"revoked": key.revoked_at, "ends": key.expires_at, "last used": key.last_used_at}
    said = [f"{word} {iso_time(at)}" for word, at in ends.items() if at is not None]
    scopes = " ".join(scope for scope in Scope if scope in key.scopes)
    return f"{key.id:<16}  {key.name:<20}  {scopes}  {', '.join(said) or 'never used'}"


def _user_line(user: UserView) -> str:
    faults = [
        *([f"disabled {iso_time(user.disabled_at)}"] if user.disabled_at is not None else []),
        *(["no password"] if not user.has_password else []),
    ]
    return "  ".join([f"{user.email:<32}", f"{user.role:<9}", user.name, *faults])

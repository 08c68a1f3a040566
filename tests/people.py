"""People for tests: users of an organisation, and browsers in which they are signed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select
from urllib3 import BaseHTTPResponse

from app.domain.access import Role
from app.domain.ids import new_id
from app.models import User
from app.models.database import Database, database_now_s
from app.services.asking import Asking
from app.services.sessions import begin_session, csrf_token
from app.services.users import UserView, add_user
from tests.api_server import Api, local_org_id

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Browser(Api):
    """A page of the farm's own that a person has open: with their cookie, and what the page knows of its session."""

    token: str = ""

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> BaseHTTPResponse:
        own = {"Cookie": f"sceneworks={self.token}"}
        if method not in ("GET", "HEAD"):
            own["X-CSRF-Token"] = csrf_token(self.token)
        return super().ask(method, path, headers={**own, **(headers or {})}, **more)


def make_user(
    database: Database,
    org_id: int,
    role: Role = Role.MEMBER,
    *,
    email: str | None = None,
    password: str | None = None,
) -> UserView:
    email = email or f"{new_id(role)}@example.com"
    return add_user(
        database, Asking(org_id, "test"), frozenset(), email=email, name="Noor", role=role, password=password
    )


def browse(api: Api, user: UserView) -> Browser:
    """A browser in which this user is signed in."""
    with api.farm.database.begin() as session:
        user_id = session.execute(select(User.id).where(User.public_id == user.id)).scalar_one()
        token = begin_session(session, user_id, database_now_s(session))
    return browser(api, token)


def browser(api: Api, token: str) -> Browser:
    """A browser that has this cookie, and no key."""
    given = {field.name: getattr(api, field.name) for field in fields(Api)}
    return Browser(**{**given, "key": None}, token=token)


def signed_in(api: Api, role: Role, org_id: int | None = None) -> Browser:
    """A browser in which somebody with this role is signed in; of the caller's organisation unless another is given."""
    return browse(api, make_user(api.farm.database, org_id or local_org_id(api), role))

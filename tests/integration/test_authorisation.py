"""Who may do what: every route of the table, asked by every kind of caller.

A new route has no row in CALLS, and fails here until somebody has written down what it is called with and who may. Rows
say by themselves which role is the least that may, so that a wrong line in `app.api.policy` is seen as well as a view
that forgets its line. All that is asked for belongs to the organisation `studio`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update
from werkzeug.routing import Rule

from app.api.policy import POLICY
from app.domain.access import ALL_SCOPES, Access, Role, Scope
from app.models import ApiKey, Job, User
from app.models.database import Database, database_now_s, now_s
from app.models.migrate import migrate
from app.services.api_keys import key_id_of, make_key, revoke
from app.services.sessions import begin_session
from app.services.users import UserView
from tests.api_server import Api, data_of, finished_job, local_org_id, new_key, serve
from tests.farms import make_org
from tests.people import Browser, browser, make_user
from tests.webhook_endpoints import made_endpoint

# From the least to the most; each may all that those before it may.
ROLES = (Role.REVIEWER, Role.MEMBER, Role.ADMIN, Role.OPERATOR)


@dataclass(frozen=True)
class Call:
    """What a route is called with, and what comes of it.

    `least` is the least role that may, None for everyone. `own` are the statuses for who may and whose it is, `others`
    for who may in another organisation; the same where nothing of one organisation's is named.
    """

    least: Role | None
    own: Collection[int]
    others: Collection[int] = ()
    body: Any = None
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def of_others(self) -> Collection[int]:
        return self.others or self.own


OK, MADE, ACCEPTED, GONE_ON, ABSENT = (200,), (201,), (202,), (409,), (404,)
TEXT = {"text": "A river runs to the sea."}
LONG_AGO = {"since": "2026-01-31T09:30:00Z"}
NO_JOB = {"filter": {"ids": ["vid_0000000000000000"]}}

CALLS: dict[str, Call] = {
    # The job has ended well, so that there is nothing to cancel, and neither script nor scene to edit.
    "videos.submit": Call(Role.MEMBER, ACCEPTED, body=TEXT),
    "videos.edit": Call(Role.MEMBER, (409, 410), ABSENT, body={"text": "Mud."}, given={"number": 1}),
    "estimates.estimate": Call(Role.MEMBER, OK, body=TEXT),
    "jobs.index": Call(Role.REVIEWER, OK),
    "jobs.show": Call(Role.REVIEWER, OK, ABSENT),
    "jobs.steps": Call(Role.REVIEWER, OK, ABSENT),
    "jobs.retry": Call(Role.MEMBER, GONE_ON, ABSENT, body={}),
    "jobs.restart": Call(Role.MEMBER, ACCEPTED, ABSENT),
    "jobs.cancel": Call(Role.MEMBER, GONE_ON, ABSENT),
    "bulk.cancel": Call(Role.MEMBER, OK, body=NO_JOB),
    "bulk.retry": Call(Role.MEMBER, OK, body=NO_JOB),
    "bulk.force_stop": Call(Role.ADMIN, OK, body={"confirm": True, "reason": "A test."}),
    "events.follow": Call(Role.REVIEWER, OK, ABSENT),
    "downloads.fetch": Call(Role.REVIEWER, OK, ABSENT, given={"name": "video.mp4"}),
    "org_events.follow": Call(Role.REVIEWER, OK),
    "assets.index": Call(Role.REVIEWER, OK),
    "assets.show": Call(Role.REVIEWER, OK, ABSENT),
    # The first who may takes it away.
    "assets.remove": Call(Role.MEMBER, (200, 404), ABSENT),
    # No file comes with it: it is the file that is missed.
    "uploads.store": Call(Role.MEMBER, (415, 422)),
    "voices.index": Call(Role.REVIEWER, OK),
    "templates.index": Call(Role.REVIEWER, OK),
    "templates.show": Call(Role.REVIEWER, OK, given={"template": "bulletin"}),
    "brand_kit.show": Call(Role.REVIEWER, (200, 404)),
    "brand_kit.put": Call(Role.MEMBER, OK, body={"name": "Atlas"}),
    "brand_kit.remove": Call(Role.MEMBER, OK),
    "keys.index": Call(Role.ADMIN, OK),
    "keys.make": Call(Role.ADMIN, (201, 409), body={"name": "made", "scopes": ["jobs:read"]}),
    # Two live keys of one lineage are enough, so only the first who may gets another.
    "keys.rotate": Call(Role.ADMIN, (201, 409), ABSENT, body={}),
    "keys.revoke": Call(Role.ADMIN, OK, ABSENT),
    "users.index": Call(Role.ADMIN, OK),
    "users.make": Call(Role.ADMIN, (201, 409), (409,), body={"email": "x@example.com", "name": "X"}),
    "users.change": Call(Role.ADMIN, OK, ABSENT, body={"name": "Y"}),
    "webhook_endpoints.index": Call(Role.ADMIN, OK),
    # It is refused for its address, which nobody looks up in a test.
    "webhook_endpoints.make": Call(Role.ADMIN, (422,), body={"url": "http://127.0.0.1/"}),
    "webhook_endpoints.show": Call(Role.ADMIN, OK, ABSENT),
    "webhook_endpoints.change": Call(Role.ADMIN, OK, ABSENT, body={"per_minute": 60}),
    # The first who may takes it away.
    "webhook_endpoints.remove": Call(Role.ADMIN, (200, 404), ABSENT),
    "webhook_secrets.rotate": Call(Role.ADMIN, OK, ABSENT, body={}),
    "webhook_secrets.show_org": Call(Role.ADMIN, OK),
    "webhook_secrets.rotate_org": Call(Role.ADMIN, OK, body={}),
    "webhook_messages.index": Call(Role.ADMIN, OK),
    "webhook_messages.show": Call(Role.ADMIN, OK, ABSENT),
    "webhook_messages.attempts": Call(Role.ADMIN, OK, ABSENT),
    "webhook_messages.all_attempts": Call(Role.ADMIN, OK),
    "webhook_manual.test": Call(Role.ADMIN, ACCEPTED, ABSENT),
    # So long ago, that it is refused whoever asks whose endpoint it is.
    "webhook_manual.recover_failed": Call(Role.ADMIN, (422,), ABSENT, body=LONG_AGO),
    "webhook_manual.replay": Call(Role.ADMIN, (422,), ABSENT, body=LONG_AGO),
    "webhook_event_types.index": Call(Role.REVIEWER, OK),
    "webhook_manual.send_again": Call(Role.ADMIN, ACCEPTED, ABSENT, body={}),
    "audit_log.index": Call(Role.ADMIN, OK),
    "limits.show": Call(Role.REVIEWER, OK),
    "limits.show_org": Call(Role.OPERATOR, OK, given={"org": "studio"}),
    "limits.put_org": Call(Role.OPERATOR, OK, body={}, given={"org": "studio"}),
    "session.begin": Call(None, (422,), body={}),
    "session.show": Call(Role.REVIEWER, OK),
    "session.end": Call(Role.REVIEWER, OK),
    # A key may not, and a session only with the right password.
    "session.change_password": Call(
        Role.REVIEWER, (403, 422), body={"current": "x", "password": "another horse battery"}
    ),
    "admin.status": Call(Role.OPERATOR, OK),
    "admin.pools": Call(Role.OPERATOR, OK),
    "admin.pause": Call(Role.OPERATOR, OK, body={"reason": "A test."}, given={"pool": "gpu"}),
    "admin.resume": Call(Role.OPERATOR, OK, given={"pool": "gpu"}),
    "admin.workers": Call(Role.OPERATOR, OK),
    "admin.drain": Call(Role.OPERATOR, ABSENT, given={"worker": "nobody"}),
    "admin.stuck": Call(Role.OPERATOR, OK),
    "admin.canary": Call(Role.OPERATOR, OK),
    "health.healthz": Call(None, OK),
    "health.readyz": Call(None, OK),
    "pages.home": Call(None, OK),
    "pages.docs": Call(None, OK),
    "sign_in_page.show": Call(None, OK),
    # JSON is no form.
    "sign_in_page.enter": Call(None, (415,)),
    "sign_in_page.leave": Call(None, (415,)),
    "sign_in_page.change_password": Call(None, (415,)),
    "static": Call(None, OK, given={"filename": "pages.css"}),
    "openapi.spec": Call(None, OK),
}


@dataclass(frozen=True)
class Studio:
    """The API; a caller with a key of the organisation whose things are asked for; and the names of those things."""

    farm: Api
    key: Api
    things: Mapping[str, str]
    users: Mapping[Role, UserView]

    def signed_in(self, role: Role) -> Browser:
        """A session of its own for each call: one of them ends it."""
        with self.farm.farm.database.begin() as session:
            user_id = session.execute(select(User.id).where(User.public_id == self.users[role].id)).scalar_one()
            return browser(self.farm, begin_session(session, user_id, database_now_s(session)))


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    home = tmp_path_factory.mktemp("authorisation") / "home"
    url = f"sqlite:///{home / 'farm.db'}"
    migrate(url)
    database = Database(url)
    with serve(database, home) as api:
        key = api.stranger("studio")
        org_id = local_org_id(key)
        endpoint_id, message_id = endpoint_with_message(key)
        made = data_of(key.post("/api/keys", {"name": "rotated", "scopes": ["jobs:read"]}))
        # Whichever test comes first finds this address taken.
        data_of(key.post("/api/users", CALLS["users.make"].body))
        things = {
            "job_id": ended_job(key),
            "key_id": made["id"],
            "user_id": make_user(database, org_id).id,
            "asset_id": uploaded(key, "white"),
            "assets.remove.asset_id": uploaded(key, "black"),
            "endpoint_id": endpoint_id,
            "webhook_endpoints.remove.endpoint_id": endpoint_with_message(key)[0],
            "message_id": message_id,
        }
        yield Studio(api, key, things, {role: make_user(database, org_id, role) for role in ROLES})
    database.close()


def ended_job(key: Api) -> str:
    """A job with an output, and with the input of a real one, so that it can be done again."""
    real, ended = key.accept()["id"], finished_job(key, "video.mp4", b"film", "video/mp4")
    with key.farm.database.begin() as session:
        given = session.execute(select(Job.input).where(Job.public_id == real)).scalar_one()
        session.execute(update(Job).where(Job.public_id == ended).values(input=given))
    return ended


def endpoint_with_message(key: Api) -> tuple[str, str]:
    """A webhook endpoint's id, and that of a message for it."""
    endpoint_id = made_endpoint(key)["id"]
    return endpoint_id, data_of(key.post(f"/api/webhooks/endpoints/{endpoint_id}/test"))["id"]


def uploaded(key: Api, colour: str) -> str:
    """A picture's id."""
    picture = BytesIO()
    Image.new("RGB", (8, 8), colour).save(picture, "PNG")
    asset_id: str = data_of(key.ask("POST", "/api/assets", fields={"file": ("a.png", picture.getvalue())}))["id"]
    return asset_id


def routes(api: Api) -> list[tuple[str, Rule]]:
    """Method and rule of each."""
    rules = sorted(api.flask.url_map.iter_rules(), key=lambda rule: (rule.rule, str(rule.endpoint)))
    return [(method, rule) for rule in rules for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]


def status(studio: Studio, caller: Api, method: str, rule: Rule) -> int:
    call = CALLS[rule.endpoint]
    things = {name: studio.things[name] for name in rule.arguments & studio.things.keys()}
    # One that only this route is called with.
    things |= {name: thing for name in rule.arguments if (thing := studio.things.get(f"{rule.endpoint}.{name}"))}
    built = rule.build({**things, **call.given})
    assert built is not None, f"{rule.endpoint} is called with {sorted(rule.arguments)}"
    _, path = built
    body = None if method == "GET" else json.dumps(call.body).encode() if call.body is not None else b""
    headers = {} if call.body is None else {"Content-Type": "application/json"}
    answer = caller.ask(method, path, headers=headers, body=body, preload_content=False, redirect=False)
    # A stream has no end to read to.
    if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
        answer.read()
    answer.close()
    return answer.status


Expected = Callable[[Access, Call, str], Collection[int]]


def check(studio: Studio, caller_of: Callable[[Access], Api], expected: Expected) -> None:
    """Ask every route, and tell of all that answer otherwise."""
    wrong = []
    for method, rule in routes(studio.farm):
        access, call = POLICY[rule.endpoint], CALLS[rule.endpoint]
        wanted = call.own if access.is_public else expected(access, call, method)
        found = status(studio, caller_of(access), method, rule)
        if found not in wanted:
            wrong.append(f"{method} {rule.rule} ({rule.endpoint}): {found}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_every_route_has_a_row_and_every_row_a_route(studio: Studio) -> None:
    served = {rule.endpoint for _, rule in routes(studio.farm)}
    assert served - set(CALLS) == set(), "new routes: write down in CALLS what they are called with, and who may"
    assert set(CALLS) - served == set()


def test_what_is_public_is_so_in_both_tables() -> None:
    assert {name for name, call in CALLS.items() if call.least is None} == {
        name for name, access in POLICY.items() if access.is_public
    }


def ended_key(studio: Studio, how: str) -> Api:
    database = studio.farm.farm.database
    key = new_key(database, local_org_id(studio.key))
    if how == "revoked":
        revoke(database, key_id_of(key) or "")
    else:
        with database.begin() as session:
            session.execute(update(ApiKey).where(ApiKey.id == key_id_of(key)).values(expires_at=now_s()))
    return replace(studio.farm, key=key)


@pytest.mark.parametrize("how", ["no key", "unknown key", "no key at all", "revoked", "expired", "no session"])
def test_who_is_not_known_gets_in_nowhere(studio: Studio, how: str) -> None:
    callers: dict[str, Callable[[], Api]] = {
        "no key": lambda: replace(studio.farm, key=None),
        "unknown key": lambda: replace(studio.farm, key=make_key()),
        "no key at all": lambda: replace(studio.farm, key="x"),
        "revoked": lambda: ended_key(studio, "revoked"),
        "expired": lambda: ended_key(studio, "expired"),
        "no session": lambda: browser(studio.farm, "A" * 43),
    }
    caller = callers[how]()
    check(studio, lambda access: caller, lambda access, call, method: (401,))


def test_a_key_with_every_scope_does_all_but_run_the_farm(studio: Studio) -> None:
    check(
        studio,
        lambda access: studio.key,
        lambda access, call, method: (403,) if access.is_for_operators else call.own,
    )


def test_a_key_without_the_one_scope_is_refused(studio: Studio) -> None:
    def caller_of(access: Access) -> Api:
        # Of the farm's own organisation where that is asked for, so that it is the scope that is missed.
        own = studio.farm if access.is_for_operators else studio.key
        return own.limited(*(ALL_SCOPES - {access.scope} if access.scope else ALL_SCOPES))

    check(studio, caller_of, lambda access, call, method: call.own if access.scope is None else (403,))


@pytest.mark.parametrize("scope", Scope)
def test_a_key_with_one_scope_does_what_that_allows_and_no_more(studio: Studio, scope: Scope) -> None:
    caller = studio.key.limited(scope)

    def expected(access: Access, call: Call, method: str) -> Collection[int]:
        if access.is_for_operators or access.scope not in (None, scope):
            return (403,)
        # Who may only administer cannot give away what they have not: that is a refusal too.
        return {*call.own, 403} if scope == Scope.ADMIN else call.own

    check(studio, lambda access: caller, expected)


def test_another_organisation_sees_none_of_it(studio: Studio) -> None:
    database = studio.farm.farm.database
    caller = replace(studio.farm, key=new_key(database, make_org(database, "strangers")))
    check(
        studio,
        lambda access: caller,
        lambda access, call, method: (403,) if access.is_for_operators else call.of_others,
    )


def test_the_farms_own_key_runs_the_farm_and_sees_nobody_elses_things(studio: Studio) -> None:
    check(studio, lambda access: studio.farm, lambda access, call, method: call.of_others)


@pytest.mark.parametrize("role", ROLES)
def test_a_session_does_what_its_role_may(studio: Studio, role: Role) -> None:
    def expected(access: Access, call: Call, method: str) -> Collection[int]:
        assert call.least is not None
        return call.own if ROLES.index(role) >= ROLES.index(call.least) else (403,)

    check(studio, lambda access: studio.signed_in(role), expected)


def test_a_session_changes_nothing_without_its_token(studio: Studio) -> None:
    class Forgetful(Browser):
        def ask(self, method: str, path: str, *, headers: Any = None, **more: Any) -> Any:
            return super().ask(method, path, headers={**(headers or {}), "X-CSRF-Token": ""}, **more)

    def caller_of(access: Access) -> Api:
        signed_in = studio.signed_in(Role.OPERATOR)
        return Forgetful(**vars(signed_in))

    check(studio, caller_of, lambda access, call, method: call.own if method == "GET" else (403,))

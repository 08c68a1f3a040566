"""What signs webhooks, and how it is changed without a receiver that misses anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update
from standardwebhooks.webhooks import Webhook as StandardWebhook
from standardwebhooks.webhooks import WebhookVerificationError as StandardError
from svix.webhooks import Webhook as SvixWebhook
from svix.webhooks import WebhookVerificationError as SvixError

from app.domain.webhook_signature import sign
from app.models import WebhookEndpoint, WebhookOrgSecret
from app.models.database import Database, database_now_s
from app.services.sealing import SealBroken, Sealer
from app.services.webhook_secrets import signing_secrets
from tests.api_server import Api, data_of, error_of, serve
from tests.webhook_endpoints import made_endpoint

BODY = b'{"type":"webhook.test","timestamp":"2026-01-31T09:30:00.000Z","data":{}}'
DAY_S = 86_400.0
OWN = "/api/webhooks/secret"

Verify = Callable[[str, dict[str, str]], None]


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


def secrets_of(api: Api, *, in_s: float = 0.0) -> list[str]:
    """What signs for the one endpoint in so many seconds from now."""
    with api.farm.database.read() as session:
        endpoint = session.scalars(select(WebhookEndpoint)).one()
        return signing_secrets(session, api.farm.sealer, endpoint, database_now_s(session) + in_s)


def signed(api: Api) -> dict[str, str]:
    """The headers of a message that goes out now."""
    at = int(datetime.now(UTC).timestamp())
    signature = sign(secrets_of(api), "msg_1", at, BODY)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature}


def verify_standard(secret: str, headers: dict[str, str]) -> None:
    StandardWebhook(secret).verify(BODY, headers)


def verify_svix(secret: str, headers: dict[str, str]) -> None:
    SvixWebhook(secret).verify(BODY, headers)


@pytest.mark.parametrize(("verify", "error"), [(verify_standard, StandardError), (verify_svix, SvixError)])
def test_receivers_with_the_old_and_with_the_new_secret_are_both_content(
    api: Api, verify: Verify, error: type[Exception]
) -> None:
    made = made_endpoint(api)
    old = made["secret"]
    verify(old, signed(api))
    rotated = data_of(api.post(f"/api/webhooks/endpoints/{made['id']}/rotate-secret", {}))
    new = rotated["secret"]
    assert new != old and rotated["old_secret_signs_until"] is not None
    verify(old, signed(api))
    verify(new, signed(api))
    assert "  " not in signed(api)["webhook-signature"]
    with api.farm.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(previous_secret_until=database_now_s(session)))
    verify(new, signed(api))
    with pytest.raises(error):
        verify(old, signed(api))


def test_the_old_secret_signs_along_for_a_day(api: Api) -> None:
    made = made_endpoint(api)
    new = data_of(api.post(f"/api/webhooks/endpoints/{made['id']}/rotate-secret", {}))["secret"]
    assert secrets_of(api) == secrets_of(api, in_s=DAY_S - 60) == [new, made["secret"]]
    assert secrets_of(api, in_s=DAY_S + 60) == [new]


def test_who_rotates_again_because_the_answer_was_lost_locks_nobody_out(api: Api) -> None:
    made = made_endpoint(api)
    path = f"/api/webhooks/endpoints/{made['id']}/rotate-secret"
    given = [data_of(api.post(path, {}))["secret"] for _ in range(5)]
    assert secrets_of(api) == given[:-5:-1]
    # Its own again: it signs once.
    data_of(api.post(path, {"secret": given[-1]}))
    assert secrets_of(api) == given[:-5:-1]


def test_a_secret_of_ones_own_signs_and_a_bad_one_is_refused(api: Api) -> None:
    path = f"/api/webhooks/endpoints/{made_endpoint(api)['id']}/rotate-secret"
    own = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert data_of(api.post(path, {"secret": own}))["secret"] == f"whsec_{own}"
    assert secrets_of(api)[0] == f"whsec_{own}"
    for bad in ("whsec_", "whsec_c2hvcnQ=", f"v1,{own}", f"whsec_{own}!", "é" * 30):
        refused = api.post(path, {"secret": bad})
        assert (refused.status, error_of(refused)["details"]["field"]) == (422, "secret")
        assert own not in refused.data.decode()


def test_a_rotation_is_done_once_for_its_key(api: Api) -> None:
    path = f"/api/webhooks/endpoints/{made_endpoint(api)['id']}/rotate-secret"
    first, again = (data_of(api.ask("POST", path, headers={"Idempotency-Key": "k"})) for _ in range(2))
    assert again == {**first, "secret": None} and len(secrets_of(api)) == 2


def test_an_organisations_own_secret_is_made_looked_at_and_rotated(api: Api) -> None:
    assert data_of(api.get(OWN)) == {"exists": False, "created_at": None, "old_secret_signs_until": None}
    first = data_of(api.post(OWN + "/rotate", {}))
    assert first["exists"] and first["old_secret_signs_until"] is None
    assert data_of(api.get(OWN)) == {name: value for name, value in first.items() if name != "secret"}
    second = data_of(api.ask("POST", OWN + "/rotate"))
    assert second["old_secret_signs_until"] is not None
    made_endpoint(api)
    with api.farm.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(is_for_jobs=True, secret=None))
    assert secrets_of(api) == [second["secret"], first["secret"]]
    assert secrets_of(api, in_s=DAY_S + 60) == [second["secret"]]
    stranger = api.stranger()
    assert data_of(stranger.get(OWN))["exists"] is False
    data_of(stranger.post(OWN + "/rotate", {}))
    assert secrets_of(api)[0] == second["secret"]


def test_under_another_farms_secret_nothing_signs_until_it_is_rotated(api: Api) -> None:
    made = made_endpoint(api)
    data_of(api.post(OWN + "/rotate", {}))
    with api.farm.database.begin() as session:
        for row in (WebhookEndpoint, WebhookOrgSecret):
            session.execute(update(row).values(secret=Sealer(b"another farm's").seal("whsec_lost")))
    with pytest.raises(SealBroken):
        secrets_of(api)
    rotated = data_of(api.post(f"/api/webhooks/endpoints/{made['id']}/rotate-secret", {}))
    assert secrets_of(api) == [rotated["secret"]] and rotated["old_secret_signs_until"] is None
    assert data_of(api.post(OWN + "/rotate", {}))["old_secret_signs_until"] is None

"""The client's methods for webhooks, against the real API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.client import BadRequest, Client, Conflict, Given, NotAllowed, NotFound, Scope, webhooks
from app.domain.webhook_states import DeliveryStatus
from app.models import ApiKey
from app.services.api_keys import key_id_of
from tests.api_server import new_key
from tests.served_api import ServedApi
from tests.webhook_endpoints import URL, ended, made_message


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ServedApi]:
    with ServedApi(tmp_path / "home") as served:
        yield served


@pytest.fixture
def client(api: ServedApi) -> Iterator[Client]:
    with Client(api.url, api.key) as client:
        yield client


@pytest.fixture
def org_id(api: ServedApi) -> int:
    with api.farm.database.read() as session:
        return session.get_one(ApiKey, key_id_of(api.key)).org_id


def test_an_endpoint_is_made_changed_and_deleted(client: Client) -> None:
    made = client.add_webhook_endpoint(URL, description="The shop", event_types=["video.failed"], per_minute=60)
    assert made.secret.startswith("whsec_") and made.secret not in repr(made)
    assert (made.url, made.event_types, made.per_minute, made.is_enabled) == (URL, ("video.failed",), 60, True)
    changed = client.change_webhook_endpoint(made.id, event_types=Given(None), per_minute=Given(None))
    assert (changed.event_types, changed.per_minute, changed.description) == (None, None, "The shop")
    off = client.change_webhook_endpoint(made.id, enabled=False, description="")
    assert (off.is_enabled, off.disabled_reason, off.description) == (False, "asked", "")
    assert client.webhook_endpoint(made.id) == off
    assert list(client.webhook_endpoints()) == list(client.webhook_endpoints(enabled=False)) == [off]
    assert list(client.webhook_endpoints(enabled=True)) == list(client.webhook_endpoints(for_jobs=True)) == []
    assert client.limits().quotas.webhook_endpoints.used == 1
    client.delete_webhook_endpoint(made.id)
    with pytest.raises(NotFound):
        client.webhook_endpoint(made.id)


def test_what_can_be_told_is_listed_and_asked_for(client: Client) -> None:
    types = {type_.name: type_ for type_ in client.webhook_event_types()}
    assert types["video.succeeded"].is_default and not types["video.progress"].is_default
    assert types["video.failed"].example["type"] == "video.failed"
    assert types["video.failed"].body_schema["title"] == "video.failed"
    wanted = [name for name, type_ in types.items() if type_.is_subscribable]
    assert client.add_webhook_endpoint(URL, event_types=wanted).event_types == tuple(wanted)
    with pytest.raises(BadRequest):
        client.add_webhook_endpoint(URL, event_types=list(types))


def test_secrets_are_made_here_and_rotated(client: Client) -> None:
    own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    made = client.add_webhook_endpoint(URL, secret=own)
    assert made.secret == own and made.old_secret_signs_until is None
    rotated = client.rotate_webhook_secret(made.id)
    assert rotated.secret != own and rotated.old_secret_signs_until is not None
    with pytest.raises(ValueError):
        client.rotate_webhook_secret(made.id, secret="short")
    assert client.webhook_org_secret().exists is False
    assert client.rotate_webhook_org_secret().startswith("whsec_")
    assert client.webhook_org_secret().exists is True


def test_what_is_refused_is_raised(api: ServedApi, client: Client, org_id: int) -> None:
    with pytest.raises(BadRequest):
        client.add_webhook_endpoint("http://127.0.0.1/")
    reader = Client(api.url, new_key(api.farm.database, org_id, {Scope.JOBS_READ}))
    with reader, pytest.raises(NotAllowed):
        reader.webhook_org_secret()


def test_messages_are_sent_by_hand_and_found(
    api: ServedApi, client: Client, org_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST_A_PAGE", 2)
    endpoint = client.add_webhook_endpoint(URL)
    tested = client.test_webhook_endpoint(endpoint.id)
    assert tested.type == "webhook.test" and tested.body is not None
    (delivery,) = tested.deliveries
    assert (delivery.endpoint_id, delivery.status, delivery.attempts) == (endpoint.id, "pending", 0)
    assert client.webhook_message(tested.id) == tested
    with pytest.raises(Conflict):
        client.resend_webhook(made_message(api.farm.database, org_id, "video.failed"))
    ended(api.farm.database, tested.id, DeliveryStatus.FAILED)
    since = datetime.now(UTC) - timedelta(hours=1)
    recovered = client.recover_webhooks(endpoint.id, since=since)
    assert (recovered.sent, recovered.more) == (1, False)
    missing = [made_message(api.farm.database, org_id, "video.succeeded") for _ in range(3)]
    assert client.replay_missing_webhooks(endpoint.id, since=since).sent == 4
    found = [message.id for message in client.webhook_messages(type="video.succeeded", endpoint_id=endpoint.id)]
    assert found == missing[::-1]
    assert list(client.webhook_messages(until=since)) == list(client.webhook_messages(status="delivered")) == []
    assert client.resend_webhook(found[0], endpoint_id=endpoint.id).deliveries[0].status == "pending"
    # Nobody sends them in this test.
    assert list(client.webhook_attempts(succeeded=False, since=since)) == []
    assert list(client.webhook_attempts_at(tested.id)) == []

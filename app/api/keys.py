"""`/api/keys`: an organisation's keys, for whoever administers it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apiflask import APIBlueprint
from flask import Response

from app.api.acceptance import kept_answer
from app.api.answers import success
from app.api.context import current_caller, current_farm
from app.api.cursors import PageQuery
from app.api.facts import Facts, SentAgain
from app.api.key_schemas import (
    KEY_EXAMPLES,
    ROTATE_EXAMPLES,
    Key,
    KeyAnswer,
    KeyPage,
    KeyPageAnswer,
    KeyRequest,
    NewKey,
    NewKeyAnswer,
    RotateRequest,
)
from app.domain.access import Scope
from app.services.asking import Asking
from app.services.key_admin import KeyView, give_key, list_keys, revoke_key, rotate_key

keys = APIBlueprint("keys", __name__, tag="Keys")


@keys.get("/api/keys")
@keys.input(PageQuery, location="query")
@keys.output(KeyPageAnswer)
@keys.doc(operation_id="listKeys", responses={400: "The cursor is not one of your keys"})
def index(query_data: PageQuery) -> Response:
    """List the keys

    Of your organisation. What let a caller in and when it last did; never the keys themselves.
    """
    page = list_keys(current_farm().database, current_caller().org_id, query_data.to_cut())
    return success(KeyPage(items=[Key(**shown(key)) for key in page.items], has_more=page.has_more))


@keys.post("/api/keys")
@keys.input(KeyRequest, examples=KEY_EXAMPLES)
@keys.output(NewKeyAnswer, 201)
@keys.doc(operation_id="createKey", responses={409: "A key with this name is in use"})
@Facts(SentAgain.KEPT)
def make(json_data: KeyRequest) -> Response:
    """Make a key

    The answer is the only place where the key itself ever stands: sent again with its `Idempotency-Key`, the request
    gets it without. When an answer was lost, rotate the key that it told of.
    """

    def give(asked: Asking) -> NewKey:
        made = give_key(current_farm().database, asked, json_data.name, json_data.scopes, json_data.user_id)
        return NewKey(**shown(made.view), key=made.key)

    return kept_answer(json_data, give, status=201, told_once="key", Cache_Control="no-store")


@keys.post("/api/keys/<key_id>/rotate")
@keys.input(RotateRequest, examples=ROTATE_EXAMPLES)
@keys.output(NewKeyAnswer, 201, description="The key that takes its place.")
@keys.doc(operation_id="rotateKey", responses={409: "It has ended, or another takes its place already"})
@Facts(SentAgain.KEPT, body_is_optional=True)
def rotate(key_id: str, json_data: RotateRequest) -> Response:
    """Rotate a key

    A new key with the same name, scopes and user; until the old one ends both are good. A third is refused until one of
    the two has ended.
    """
    ends_at = None if json_data.old_ends_at is None else json_data.old_ends_at.timestamp()

    def rotated(asked: Asking) -> NewKey:
        made = rotate_key(current_farm().database, asked, key_id, ends_at)
        return NewKey(**shown(made.view), key=made.key)

    return kept_answer(json_data, rotated, status=201, told_once="key", Cache_Control="no-store")


@keys.delete("/api/keys/<key_id>")
@keys.output(KeyAnswer)
@keys.doc(operation_id="revokeKey")
@Facts(SentAgain.KEPT)
def revoke(key_id: str) -> Response:
    """Revoke a key

    At once: nobody gets in with it, and the streams that it has open close. It stays in the list. Revoking it again
    changes nothing.
    """
    return kept_answer(None, lambda asked: Key(**shown(revoke_key(current_farm().database, asked, key_id))))


def shown(key: KeyView) -> dict[str, Any]:
    """A key's fields as the schemas take them, its scopes always in one order."""
    return {**asdict(key), "scopes": [scope for scope in Scope if scope in key.scopes]}

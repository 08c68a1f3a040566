"""One operation of the OpenAPI document, completed from what its route says (`app.api.facts`, `app.api.policy`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.api.acceptance import IDEMPOTENCY_HEADER, next_of_a_job
from app.api.auth import PROTECTED
from app.api.facts import Facts, Header, SentAgain
from app.api.rate import FOR_END_USER, TOO_MUCH
from app.api.requests import CORRELATION_HEADER
from app.api.security_schemes import schemes_for
from app.domain.access import Access

Json = dict[str, Any]

EVERY_API_ERROR = {
    "401": "The key is missing or not good, or the session has ended",
    "403": "The key or session is good and may not do this; with a cookie, its token may be missing",
    "422": "A value is wrong; `details.field` names it",
    "500": "Our fault",
    "503": "Not possible now; `Retry-After` says when to try again",
}
# A public operation says by itself what these mean, if it has them.
NOT_LET_IN = ("401", "403")
JSON_BODY_ERRORS = {"400": "Not JSON at all", "413": "Too large", "415": "The Content-Type is not JSON"}
IN_FLIGHT = "a request with this `Idempotency-Key` is being answered"

SENT_ONCE = "Makes sending the request again harmless. 1 to 255 visible ASCII characters."
# Of the others nothing is said: a key changes nothing there.
WITH_A_KEY: dict[SentAgain | None, str] = {
    SentAgain.SAME_JOB: SENT_ONCE,
    SentAgain.KEPT: SENT_ONCE,
    SentAgain.HARMLESS: "May be sent, and is not needed: doing this again changes nothing more.",
    SentAgain.REFUSED: "May be sent, and is not needed: sent again it is refused, and makes nothing.",
}
KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"}
REPLAYED = {"Idempotent-Replayed": "`true` when the answer was given before."}
RATE_HEADERS = {
    "RateLimit-Policy": 'The rates that hold, as `"user";q=10;w=60`: `q` requests in `w` seconds.',
    "RateLimit": 'What is left of them, as `"user";r=9;t=60`: `r` requests, more in `t` seconds.',
}
PATH_PARAMETERS = {
    "job_id": "A job's `id`.",
    "asset_id": "An asset's `id`.",
    "name": "An output's `name`.",
    "number": "A scene, from 1.",
    "template": "A template's `name`.",
    "pool": "`cpu`, `gpu`, `io` or `hooks`.",
    "worker": "A worker's `name`.",
    "key_id": "A key's `id`.",
    "user_id": "A user's `id`.",
    "org": "An organisation's name.",
    "endpoint_id": "A webhook endpoint's `id`.",
    "message_id": "A webhook message's `id`.",
}


@dataclass(frozen=True)
class Route:
    """What is known of the operation beside what APIFlask knows."""

    access: Access
    facts: Facts


def complete_operation(operation: Json, path: str, route: Route) -> None:
    """Fill in what APIFlask leaves out of the operation at this path."""
    is_protected = path.startswith(PROTECTED)
    complete_body(operation, route.facts)
    parameters = [complete_parameter(parameter) for parameter in operation.get("parameters", ())]
    operation["parameters"] = parameters + [header_parameter(header) for header in headers_of(route)]
    if is_protected and not route.access.is_public:
        operation["security"] = schemes_for(is_signable=route.access.is_signable)
    responses = operation["responses"]
    add_refusals(responses, route, is_protected=is_protected)
    good = next(status for status in responses if status.startswith("2"))
    for status, response in responses.items():
        response["headers"] = answer_headers(route, status, is_good=status == good)
        if status >= "400" and is_protected:
            response["content"] = {
                "application/json": {"schema": {"$ref": "#/components/schemas/Error"}},
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
            }
        elif status == good and (links := links_of(route.facts)):
            response["links"] = links
        elif status in ("204", "304"):
            response.pop("content", None)
    operation["responses"] = dict(sorted(responses.items()))


def complete_body(operation: Json, facts: Facts) -> None:
    """Whether it may be left out, and what is answered to one that cannot be read."""
    if "requestBody" in operation:
        operation["requestBody"]["required"] = not facts.body_is_optional
        for status, text in JSON_BODY_ERRORS.items():
            operation["responses"].setdefault(status, {"description": text})
    if facts.body is not None:
        operation["requestBody"] = dict(facts.body)


def headers_of(route: Route) -> list[Header]:
    """What the operation reads of the request's headers."""
    meaning = WITH_A_KEY.get(route.facts.sent_again)
    with_a_key = [] if meaning is None else [Header(IDEMPOTENCY_HEADER, meaning, KEY_SCHEMA)]
    return [*with_a_key, *([FOR_END_USER] if route.access.generates else ()), *route.facts.reads]


def add_refusals(responses: Json, route: Route, *, is_protected: bool) -> None:
    """The errors that come of what the route is, beside those that it names."""
    if route.facts.is_kept:
        told = responses.get("409", {}).get("description")
        responses["409"] = {"description": f"{told}; or {IN_FLIGHT}" if told else f"A{IN_FLIGHT[1:]}"}
    if route.access.generates:
        responses["429"] = {"description": TOO_MUCH}
    if is_protected:
        for status, text in EVERY_API_ERROR.items():
            if not (route.access.is_public and status in NOT_LET_IN):
                responses.setdefault(status, {})["description"] = text


def answer_headers(route: Route, status: str, *, is_good: bool) -> Json:
    described = {CORRELATION_HEADER: "Finds this request in the logs."}
    if is_good and route.facts.sent_again is SentAgain.SAME_JOB:
        described["Location"] = "The job."
    if is_good and route.facts.is_kept:
        described |= REPLAYED
    described |= route.facts.answers.get(int(status), {})
    if status in ("429", "503"):
        described["Retry-After"] = "Seconds."
    if route.access.generates and status not in NOT_LET_IN:
        described |= RATE_HEADERS
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in described.items()}


def links_of(facts: Facts) -> Json:
    """From the answer to what can be asked next."""
    leads_to = next_of_a_job("id") if facts.sent_again is SentAgain.SAME_JOB else facts.leads_to
    return {
        following: {
            "operationId": following,
            "parameters": {name: f"$response.body#/data/{place}" for name, place in places.items()},
        }
        for following, places in leads_to.items()
    }


def complete_parameter(parameter: Json) -> Json:
    """A path parameter is required and said in words; a query parameter that may be left out is not `null`."""
    if parameter["in"] == "path":
        return {**parameter, "required": True, "description": PATH_PARAMETERS[parameter["name"]]}
    schema = dict(parameter["schema"])
    schema.pop("title", None)
    description = schema.pop("description", "")
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    if schema.get("default", "") is None:
        del schema["default"]
    schema |= kinds[0] if kinds else {}
    # Several values stand in one parameter, with commas between them.
    several = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
    return {**parameter, **several, "description": description, "schema": schema}


def header_parameter(header: Header) -> Json:
    told = {"description": header.meaning, "schema": dict(header.schema)}
    return {"name": header.name, "in": "header", "required": False, **told}

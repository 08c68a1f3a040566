"""The OpenAPI 3.1 document: what APIFlask finds in the code, completed with what it leaves out."""

from __future__ import annotations

import json
import re
from typing import Any

from apiflask import APIFlask

from app.api.facts import facts_of
from app.api.openapi_operation import Route, complete_operation
from app.api.policy import POLICY
from app.api.schemas import Error, Problem
from app.api.security_schemes import ANYWHERE, SIGNED

Json = dict[str, Any]

DESCRIPTION = """Text in, finished video out.

Every answer under `/api` is `{"ok": true, "correlation_id": …, "data": …}` or
`{"ok": false, "error_code": …, "message": …, "correlation_id": …, "details": …}`."""

TAG_DESCRIPTIONS = {
    "Videos": "Ask for a video, and edit it.",
    "Jobs": "Follow what was asked for, stop it, fetch what came out.",
    "Assets": "Your own pictures and music.",
    "Voices": "What can be spoken.",
    "Templates": "How a video may look.",
    "Brand kit": "What your videos have in common: name, colours, font, logo.",
    "Webhooks": "Being told what happens: where to, what was sent, and what came of it.",
    "Audit log": "Who did what to what in your organisation: a key with the scope `admin`.",
    "Keys": "What programs of your organisation get in with; for a key with the scope `admin`.",
    "Users": "The people of your organisation; for a key with the scope `admin`.",
    "Session": "Signing in with a browser, and who one is.",
    "Limits": "How much you may use.",
    "Operations": "For those who run the farm: a key of its own organisation with the scope `admin`.",
    "Health": "For those who keep the farm running; no key is needed.",
}


def describe(api: APIFlask) -> None:
    """Make `/openapi.json` tell the whole truth. It is built when it is first asked for."""
    api.config.update(
        OPENAPI_VERSION="3.1.0",
        DESCRIPTION=DESCRIPTION,
        LICENSE={"name": "MIT", "identifier": "MIT"},
        SECURITY_SCHEMES={**ANYWHERE, **SIGNED},
        HTTP_ERROR_SCHEMA=Error.model_json_schema(),
        VALIDATION_ERROR_SCHEMA=Error.model_json_schema(),
        # The document is the same whoever asks: paths are relative to where it was found.
        SERVERS=[{"url": "/"}],
        AUTO_SERVERS=False,
    )

    def complete_all(document: Json) -> Json:
        return complete(document, routes_of(api))

    api.spec_processor(complete_all)  # type: ignore[arg-type]  # A dict, as long as SPEC_FORMAT is json.


def routes_of(api: APIFlask) -> dict[str, Route]:
    """By operation id, what is known of each route that the document has."""
    specs = {endpoint: vars(view).get("_spec", {}) for endpoint, view in api.view_functions.items()}
    return {
        spec["operation_id"]: Route(POLICY[endpoint], facts_of(api, endpoint))
        for endpoint, spec in specs.items()
        if "operation_id" in spec
    }


def complete(document: Json, routes: dict[str, Route]) -> Json:
    """The whole document, from what APIFlask generated."""
    document = with_plain_names(document)
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    document["tags"] = [{"name": name, "description": text} for name, text in TAG_DESCRIPTIONS.items()]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            complete_operation(operation, path, routes[operation["operationId"]])
    return document


def with_plain_names(document: Json) -> Json:
    """`JobAnswer.Job` becomes `Job`, and the two names that APIFlask has for the error envelope become one."""
    text = json.dumps(document)
    text = re.sub(r"#/components/schemas/(?:HTTPError|ValidationError)\b", "#/components/schemas/Error", text)
    text = re.sub(r"#/components/schemas/\w+\.(\w+)", r"#/components/schemas/\1", text)
    plain: Json = json.loads(text)
    schemas = plain["components"]["schemas"]
    plain["components"]["schemas"] = {name.rpartition(".")[2]: schema for name, schema in schemas.items()}
    for spare in ("HTTPError", "ValidationError"):
        schemas = plain["components"]["schemas"]
        if spare in schemas:
            schemas["Error"] = schemas.pop(spare)
    return plain

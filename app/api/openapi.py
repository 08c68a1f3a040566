"""The OpenAPI 3.1 document: what APIFlask finds in the code, completed with what it leaves out."""

from __future__ import annotations

import json
import re
from typing import Any

from apiflask import APIFlask

from app.api.acceptance import IDEMPOTENCY_HEADER
from app.api.auth import PROTECTED
from app.api.csrf import CSRF_HEADER
from app.api.rate import END_USER_HEADER
from app.api.requests import CORRELATION_HEADER
from app.api.schemas import Error, Problem
from app.api.uploads import FIELD
from app.domain.signatures import SIGNATURE

Json = dict[str, Any]

DESCRIPTION = """Text in, finished video out.

Every answer under `/api` is `{"ok": true, "correlation_id": …, "data": …}` or
`{"ok": false, "error_code": …, "message": …, "correlation_id": …, "details": …}`."""

SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer sw_live_…`"},
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key, in another header.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sceneworks",
        "description": "A session, `__Host-sceneworks` over https. Requests that change something need the header "
        f"`{CSRF_HEADER}` too, with the `csrf_token` of `GET /api/session`.",
    },
}
SIGNED_SCHEME = {
    "type": "apiKey",
    "in": "query",
    "name": SIGNATURE,
    "description": "No key, but the `signed_url` that an output has: it is good for that file, and for a while.",
}
TAG_DESCRIPTIONS = {
    "Videos": "Ask for a video, and edit it.",
    "Jobs": "Follow what was asked for, stop it, fetch what came out.",
    "Assets": "Your own pictures and music.",
    "Voices": "What can be spoken.",
    "Templates": "How a video may look.",
    "Brand kit": "What your videos have in common: name, colours, font, logo.",
    "Audit log": "Who did what to what in your organisation: a key with the scope `admin`.",
    "Keys": "What programs of your organisation get in with; for a key with the scope `admin`.",
    "Users": "The people of your organisation; for a key with the scope `admin`.",
    "Session": "Signing in with a browser, and who one is.",
    "Limits": "How much you may use.",
    "Operations": "For those who run the farm: a key of its own organisation with the scope `admin`.",
    "Health": "For those who keep the farm running; no key is needed.",
}
EVERY_API_ERROR = {
    "401": "The key is missing or not good, or the session has ended",
    "403": "The key or session is good and may not do this; with a cookie, its token may be missing",
    "422": "A value is wrong; `details.field` names it",
    "500": "Our fault",
    "503": "Not possible now; `Retry-After` says when to try again",
}

JSON_BODY_ERRORS = {"400": "Not JSON at all", "413": "Too large", "415": "The Content-Type is not JSON"}
# Headers whose values we refuse when they are of another form.
HEADER_SCHEMAS: dict[str | tuple[str, str], Json] = {
    IDEMPOTENCY_HEADER: {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    END_USER_HEADER: {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[\\x21-\\x7e]+$"},
    "Last-Event-ID": {"type": "string", "pattern": "^[0-9]{1,9}$"},
    ("followOrg", "Last-Event-ID"): {"type": "string", "pattern": "^[0-9]{1,18}(\\.[a-z]{3}_[0-9a-z]+\\.[0-9]{1,9})?$"},
}

# Operations under /api that need no key, and so say by themselves what these mean.
OPEN = {"signIn"}
NOT_LET_IN = ("401", "403")
IN_FLIGHT = "a request with this `Idempotency-Key` is being answered"
# Operations whose body may be left out.
OPTIONAL_BODIES = {"retryJob", "rotateKey"}
# Operations that make a job.
ACCEPTING = ("createVideo", "editScene", "retryJob", "restartJob")
# Operations whose answer is kept for the same Idempotency-Key, with the status of it.
KEPT = dict.fromkeys(ACCEPTING, "202") | dict.fromkeys(("createAsset", "createKey", "rotateKey", "createUser"), "201")
KEPT |= dict.fromkeys(
    (
        *("cancelJob", "cancelJobs", "retryJobs", "forceStopAllJobs", "pausePool", "resumePool", "drainWorker"),
        *("putBrandKit", "deleteBrandKit", "putOrgLimits", "deleteAsset", "revokeKey", "updateUser"),
    ),
    "200",
)
# Operations that change nothing more when they are done again.
REPEATABLE = ("estimateVideo", "signOut")
# What was the current password is so no more.
REFUSING = ("changePassword",)
# Operations that count towards a rate.
GENERATING = (*ACCEPTING, "retryJobs")
# Those, and others that may be too much.
LIMITED = (*GENERATING, "createAsset")
RATE_HEADERS = {
    "RateLimit-Policy": 'The rates that hold, as `"user";q=10;w=60`: `q` requests in `w` seconds.',
    "RateLimit": 'What is left of them, as `"user";r=9;t=60`: `r` requests, more in `t` seconds.',
}
FOR_END_USER = (END_USER_HEADER, "For which of your customers you ask: each has a rate of its own.")
SENT_ONCE = (IDEMPOTENCY_HEADER, "Makes sending the request again harmless. 1 to 255 visible ASCII characters.")
NOT_NEEDED = (IDEMPOTENCY_HEADER, "May be sent, and is not needed: doing this again changes nothing more.")
REFUSED_AGAIN = (
    IDEMPOTENCY_HEADER,
    "May be sent, and is not needed: sent again it is refused, and makes nothing.",
)
REQUEST_HEADERS = {
    **{name: [REFUSED_AGAIN] for name in REFUSING},
    **{name: [SENT_ONCE] for name in KEPT},
    **{name: [NOT_NEEDED] for name in REPEATABLE},
    **{name: [SENT_ONCE, FOR_END_USER] for name in GENERATING},
    "getLimits": [FOR_END_USER],
    "getJob": [("If-None-Match", "An `ETag` of before.")],
    "followJob": [("Last-Event-ID", "The `id` of the last event that was seen.")],
    "followOrg": [("Last-Event-ID", "The `id` of the last event that was seen.")],
    "getOutput": [("Range", "For instance `bytes=0-1023`."), ("If-None-Match", "An `ETag` of before.")],
}
REPLAYED = {"Idempotent-Replayed": "`true` when the answer was given before."}
RESPONSE_HEADERS = {
    **dict.fromkeys(KEPT.items(), REPLAYED),
    **{(name, "202"): {"Location": "The job.", **REPLAYED} for name in ACCEPTING},
    ("signIn", "201"): {"Set-Cookie": "The session's cookie."},
    ("getJob", "200"): {"ETag": "For `If-None-Match`."},
    ("getOutput", "200"): {"ETag": "For `If-None-Match`.", "Content-Disposition": "The file's name."},
    ("getOutput", "206"): {"Content-Range": "Which bytes these are."},
}
PATH_PARAMETERS = {
    "job_id": "A job's `id`.",
    "asset_id": "An asset's `id`.",
    "name": "An output's `name`.",
    "number": "A scene, from 1.",
    "template": "A template's `name`.",
    "pool": "`cpu`, `gpu` or `io`.",
    "worker": "A worker's `name`.",
    "key_id": "A key's `id`.",
    "user_id": "A user's `id`.",
    "org": "An organisation's name.",
}

# Operations that a signed address takes the place of a key for.
SIGNABLE = {"getOutput"}

# From an answer to what can be asked next: the operation, and where its path's parameter stands in the answer.
NEXT_OF_A_JOB = ("getJob", "listSteps", "cancelJob", "retryJob", "restartJob")
LINKS: dict[tuple[str, str], dict[str, Json]] = {
    **{
        (name, "202"): {following: {"job_id": "$response.body#/data/id"} for following in NEXT_OF_A_JOB}
        for name in ACCEPTING
    },
    ("listJobs", "200"): {following: {"job_id": "$response.body#/data/items/0/id"} for following in NEXT_OF_A_JOB},
    ("createAsset", "201"): {"getAsset": {"asset_id": "$response.body#/data/id"}},
    ("listAssets", "200"): {"getAsset": {"asset_id": "$response.body#/data/items/0/id"}},
    ("listTemplates", "200"): {"getTemplate": {"template": "$response.body#/data/items/0/name"}},
    ("listWorkers", "200"): {"drainWorker": {"worker": "$response.body#/data/items/0/name"}},
    ("getJob", "200"): {
        "getOutput": {"job_id": "$response.body#/data/id", "name": "$response.body#/data/outputs/0/name"}
    },
}


def describe(api: APIFlask) -> None:
    """Make `/openapi.json` tell the whole truth. It is built when it is first asked for."""
    api.config.update(
        OPENAPI_VERSION="3.1.0",
        DESCRIPTION=DESCRIPTION,
        LICENSE={"name": "MIT", "identifier": "MIT"},
        SECURITY_SCHEMES={**SECURITY_SCHEMES, "signed": SIGNED_SCHEME},
        HTTP_ERROR_SCHEMA=Error.model_json_schema(),
        VALIDATION_ERROR_SCHEMA=Error.model_json_schema(),
        # The document is the same whoever asks: paths are relative to where it was found.
        SERVERS=[{"url": "/"}],
        AUTO_SERVERS=False,
    )
    api.spec_processor(complete)  # type: ignore[arg-type]  # A dict, as long as SPEC_FORMAT is json.


def complete(document: Json) -> Json:
    """The whole document, from what APIFlask generated."""
    document = with_plain_names(document)
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    document["tags"] = [{"name": name, "description": text} for name, text in TAG_DESCRIPTIONS.items()]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            complete_operation(operation, is_protected=path.startswith(PROTECTED))
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


def complete_operation(operation: Json, *, is_protected: bool) -> None:
    name = operation["operationId"]
    responses = operation["responses"]
    if "requestBody" in operation:
        operation["requestBody"]["required"] = name not in OPTIONAL_BODIES
        for status, text in JSON_BODY_ERRORS.items():
            responses.setdefault(status, {"description": text})
    if name == "createAsset":
        operation["requestBody"] = upload_body()
    parameters = [complete_parameter(parameter) for parameter in operation.get("parameters", ())]
    parameters += [header_parameter(name, header, text) for header, text in REQUEST_HEADERS.get(name, ())]
    operation["parameters"] = parameters
    if name in KEPT:
        told = responses.get("409", {}).get("description")
        responses["409"] = {"description": f"{told}; or {IN_FLIGHT}" if told else f"A{IN_FLIGHT[1:]}"}
    if name in LIMITED:
        responses["429"] = {"description": "Too much for now; `Retry-After` says when to try again, if that is known"}
    if is_protected and name not in OPEN:
        operation["security"] = [{scheme: []} for scheme in (*SECURITY_SCHEMES, *(["signed"] * (name in SIGNABLE)))]
    if is_protected:
        for status, text in EVERY_API_ERROR.items():
            if name not in OPEN or status not in NOT_LET_IN:
                responses.setdefault(status, {})["description"] = text
    for status, response in responses.items():
        described = {CORRELATION_HEADER: "Finds this request in the logs.", **RESPONSE_HEADERS.get((name, status), {})}
        if status in ("429", "503"):
            described["Retry-After"] = "Seconds."
        if name in GENERATING and status not in ("401", "403"):
            described |= RATE_HEADERS
        response["headers"] = {
            header: {"description": text, "schema": {"type": "string"}} for header, text in described.items()
        }
        if status >= "400" and is_protected:
            response["content"] = {
                "application/json": {"schema": {"$ref": "#/components/schemas/Error"}},
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
            }
        elif links := LINKS.get((name, status)):
            response["links"] = {
                following: {"operationId": following, "parameters": places} for following, places in links.items()
            }
        elif status in ("204", "304"):
            response.pop("content", None)
    operation["responses"] = dict(sorted(responses.items()))


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


def header_parameter(operation: str, name: str, description: str) -> Json:
    schema = HEADER_SCHEMAS.get((operation, name)) or HEADER_SCHEMAS.get(name, {"type": "string"})
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def upload_body() -> Json:
    file = {"type": "string", "format": "binary", "description": "The picture or the music."}
    schema = {"type": "object", "required": [FIELD], "properties": {FIELD: file}, "additionalProperties": False}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}

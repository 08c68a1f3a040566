"""The OpenAPI document: valid, complete, true; and the page that is made from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app.models.database import Database
from app.models.migrate import migrate
from tests.api_server import Api, error_of, serve

# Every field of theirs has a default.
OPTIONAL_BODIES = {"retryJob", "rotateKey", "rotateWebhookSecret", "rotateOrgWebhookSecret", "resendWebhookMessage"}
PUBLIC = {"isAlive", "isReady", "signIn"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    home = tmp_path_factory.mktemp("openapi") / "home"
    url = f"sqlite:///{home / 'farm.db'}"
    migrate(url)
    database = Database(url)
    with serve(database, home) as api:
        yield api
    database.close()


@pytest.fixture(scope="module")
def document(api: Api) -> dict[str, Any]:
    document: dict[str, Any] = api.get("/openapi.json").json()
    return document


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, found) for path, methods in document["paths"].items() for method, found in methods.items()]


def test_it_is_a_valid_openapi_3_1_document(document: dict[str, Any]) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    assert document["openapi"] == "3.1.0"
    validator.validate(document)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    named = set(re.findall(r"#/components/schemas/([\w.]+)", str(document)))
    assert named == set(document["components"]["schemas"])


def test_every_route_is_in_it(api: Api, document: dict[str, Any]) -> None:
    """But for the pages, which are for people."""
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in api.flask.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/api/", "/health/"))
    }
    assert {(method.upper(), path) for path, method, _ in operations(document)} == routes


def test_it_says_of_every_operation_what_a_client_must_know(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        name = operation["operationId"]
        assert operation["summary"] and operation["tags"], name
        assert bool(operation.get("security")) == (name not in PUBLIC), name
        assert set(re.findall(r"{(\w+)}", path)) == {
            parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"
        }
        assert all(parameter["description"] for parameter in operation["parameters"]), name
        if name not in PUBLIC:
            assert {"401", "500", "503"} <= set(operation["responses"]), name
    assert all(
        operation["requestBody"]["required"] != (operation["operationId"] in OPTIONAL_BODIES)
        for _, _, operation in operations(document)
        if "requestBody" in operation
    )


def test_every_subject_is_told_of_and_every_link_leads_to_an_operation(document: dict[str, Any]) -> None:
    found = {operation["operationId"]: (path, operation) for path, _, operation in operations(document)}
    tags = {tag for _, operation in found.values() for tag in operation["tags"]}
    assert tags == {tag["name"] for tag in document["tags"]}
    answers = [answer for _, operation in found.values() for answer in operation["responses"].values()]
    links = [link for answer in answers for link in answer.get("links", {}).values()]
    assert links
    for link in links:
        path, _ = found[link["operationId"]]
        assert set(link["parameters"]) == set(re.findall(r"{(\w+)}", path)), link


def test_the_body_of_a_video_is_told_field_by_field(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["VideoRequest"]
    assert schema["additionalProperties"] is False
    assert all("description" in field or "$ref" in field for field in schema["properties"].values())
    assert schema["properties"]["fps"]["enum"] == [24, 25, 30, 60]
    assert schema["properties"]["captions"]["default"] == "word"


def test_its_own_examples_are_accepted(api: Api, document: dict[str, Any]) -> None:
    examples = document["paths"]["/api/videos"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert api.post("/api/videos", examples["text"]["value"]).status == 202
    assert api.post("/api/videos", examples["template"]["value"]).status == 202
    # The other two need an upload and a language model, and say so.
    assert error_of(api.post("/api/videos", examples["scenes"]["value"]))["details"]["field"] == "scenes.0.image"
    assert error_of(api.post("/api/videos", examples["prompt"]["value"]))["error_code"] == "PROVIDER_NOT_CONFIGURED"


def test_answers_have_the_fields_that_it_says(api: Api, document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    job = api.accept()
    assert set(job) == set(schemas["Job"]["properties"])
    assert set(api.get("/api/jobs").json()["data"]) == set(schemas["JobPage"]["properties"])
    assert set(api.get("/api/voices").json()["data"]) == set(schemas["Voices"]["properties"])
    assert set(api.get("/api/nothing").json()) == set(schemas["Error"]["properties"])
    problem = api.get("/api/nothing", Accept="application/problem+json").json()
    assert set(problem) == set(schemas["Problem"]["properties"])


def test_the_page_shows_every_operation_and_needs_nothing_from_elsewhere(api: Api, document: dict[str, Any]) -> None:
    answer = api.get("/docs")
    page = answer.data.decode()
    for path, _, operation in operations(document):
        assert f'id="{operation["operationId"]}"' in page and f"<code>{path}</code>" in page
    assert "<script" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]+)"', page)
    assert loaded and all(address.startswith("/static/") for address in loaded)
    assert all(api.get(address).status == 200 for address in loaded)


def test_a_browser_at_the_front_door_is_shown_the_page(api: Api) -> None:
    home = api.ask("GET", "/", headers={"Accept": "text/html"}, redirect=False)
    assert home.status == 200
    assert b'href="/docs"' in home.data
    assert api.get("/").json()["openapi"] == "/openapi.json"

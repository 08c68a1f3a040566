"""What the documentation shows is what happens: its commands and its code run as they stand on the page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from playwright.sync_api import Browser, Page, Response
from sqlalchemy import select

from app.api.streams import DEFAULT_LIMIT
from app.models import Org
from tests.people import PASSWORD, make_user
from tests.served_api import ServedApi

API_GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed (apt install curl)")


@pytest.fixture
def docs(page: Page) -> Page:
    page.goto("/docs")
    return page


def run(command: str, folder: Path, **environment: str) -> str:
    """What a shell prints for a command that must succeed."""
    shell = ["bash", "-euo", "pipefail", "-c", command]
    # A proxy of this machine's has no business with a farm on the loopback.
    own = {**os.environ, "no_proxy": "*", **environment}
    return subprocess.run(shell, cwd=folder, env=own, stdout=subprocess.PIPE, text=True, check=True, timeout=120).stdout


@needs_curl
def test_the_first_steps_make_a_video_as_pasted(docs: Page, api: ServedApi, busy_worker: None, tmp_path: Path) -> None:
    events = run(docs.locator("#first-video").inner_text(), tmp_path, SCENEWORKS_HOME=str(api.settings.home))
    assert "event: video.succeeded" in events
    video = tmp_path / "Volcano.mp4"
    assert video.read_bytes()[4:8] == b"ftyp"


@needs_curl
def test_every_command_gets_an_answer_that_the_document_foresees(docs: Page, api: ServedApi, tmp_path: Path) -> None:
    document = docs.request.get("/openapi.json").json()
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "photo.jpg")
    given = {"FARM": api.url, "KEY": api.key, "JOB": accepted_job(docs, api)}
    add_user(docs, api, document["paths"]["/api/session"]["post"])
    for methods in document["paths"].values():
        for operation in methods.values():
            command = docs.locator(f"#{operation['operationId']} figure pre").first.inner_text()
            # The stream of a job that nobody works on has no end of its own.
            told = run(f"({command} -m 5 -w '%{{http_code}}' -o answer) || test $? = 28", tmp_path, **given)
            assert told[-3:] in operation["responses"], f"{command}\n{told}"
            answer = (tmp_path / "answer").read_text(errors="replace")
            assert not any(code in answer for code in ("MALFORMED_BODY", "INVALID_INPUT", "UNAUTHORIZED")), answer


def test_every_answer_that_is_shown_fits_its_schema(docs: Page) -> None:
    document = docs.request.get("/openapi.json").json()
    checked = 0
    for methods in document["paths"].values():
        for operation in methods.values():
            status, answer = next((s, a) for s, a in operation["responses"].items() if s.startswith("2"))
            schema = answer.get("content", {}).get("application/json", {}).get("schema")
            if schema is None:
                continue
            shown = docs.locator(f"#{operation['operationId']} figure").last
            assert shown.locator("figcaption").inner_text() == f"Answer {status}"
            assert "…" not in shown.inner_text(), "a value that tells nothing"
            Draft202012Validator({**document, **schema}).validate(json.loads(shown.locator("pre").inner_text()))
            checked += 1
    assert checked > 8


def test_the_code_for_fetch_follows_a_job_to_its_end(browser: Browser, api: ServedApi, busy_worker: None) -> None:
    # The page itself may run no script; here the reader's own page is played by it.
    context = browser.new_context(base_url=api.url, bypass_csp=True)
    page = context.new_page()
    page.goto("/docs")
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    given = {"KEY": api.key, "JOB": accepted_job(page, api)}
    page.evaluate(f"async ({{ KEY, JOB }}) => {{ {page.locator('#follow-with-fetch').inner_text()} }}", given)
    context.close()
    assert told[-1] == "succeeded null 100 %"


def test_the_code_for_fetch_waits_where_it_is_refused_for_now(
    browser: Browser, api: ServedApi, busy_worker: None
) -> None:
    context = browser.new_context(base_url=api.url, bypass_csp=True)
    page = context.new_page()
    page.goto("/docs")
    told, refusals = [], []
    page.on("console", lambda message: told.append(message.text))

    def make_room(answer: Response) -> None:
        if answer.url.endswith("/events") and answer.status == 503:
            refusals.append(answer.url)
            api.streams.limit = DEFAULT_LIMIT

    page.on("response", make_room)
    given = {"KEY": api.key, "JOB": accepted_job(page, api)}
    api.streams.limit = 0
    page.evaluate(f"async ({{ KEY, JOB }}) => {{ {page.locator('#follow-with-fetch').inner_text()} }}", given)
    context.close()
    assert len(refusals) == 1
    assert told[-1] == "succeeded null 100 %"


def test_the_guides_event_source_hears_with_a_sessions_cookie(browser: Browser, api: ServedApi) -> None:
    with api.farm.database.read() as session:
        org_id = session.execute(select(Org.id).where(Org.name == "local")).scalar_one()
    make_user(api.farm.database, org_id, email="elsa@example.com", password=PASSWORD)
    context = browser.new_context(base_url=api.url, bypass_csp=True)
    signed_in = context.request.post("/api/session", data={"email": "elsa@example.com", "password": PASSWORD})
    assert signed_in.ok, signed_in.text()
    page = context.new_page()
    page.goto("/docs")
    with page.expect_response("**/api/events*") as answer:
        page.evaluate(f"() => {{ {example('new EventSource')} }}")
    assert answer.value.status == 200
    with page.expect_console_message() as said:
        job_id = accepted_job(page, api)
    assert said.value.text == f"{job_id} video.queued"
    context.close()


def test_the_guides_fetch_reads_a_stream(browser: Browser, api: ServedApi, busy_worker: None) -> None:
    context = browser.new_context(base_url=api.url, bypass_csp=True)
    page = context.new_page()
    page.goto("/docs")
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    given = {"FARM": api.url, "KEY": api.key, "JOB": accepted_job(page, api)}
    page.evaluate(f"async ({{ FARM, KEY, JOB }}) => {{ {example('answer.body.pipeThrough')} }}", given)
    context.close()
    assert any("video.succeeded" in line for line in told)


def test_the_guides_python_makes_a_video_and_keeps_its_files(
    api: ServedApi, busy_worker: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = example("submit_video").replace("http://127.0.0.1:8000", api.url)
    exec(code, {"api_key": api.key})
    assert Path("video.mp4").read_bytes()[4:8] == b"ftyp" and Path("captions.srt").stat().st_size > 0


def example(part: str) -> str:
    """The guide's first piece of code with this in it."""
    blocks = re.findall(r"^```(?:js|python)\n(.*?)^```$", API_GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    return str(next(block for block in blocks if part in block))


def add_user(page: Page, api: ServedApi, sign_in: dict[str, Any]) -> None:
    """Somebody who can sign in as the example does."""
    content = sign_in["requestBody"]["content"]["application/json"]
    (example,) = content["examples"].values()
    answer = page.request.post(
        "/api/users", headers={"Authorization": f"Bearer {api.key}"}, data={**example["value"], "name": "Mara"}
    )
    # Another test may have added them before: the farm is one for all.
    assert answer.status in (201, 409), answer.text()


def accepted_job(page: Page, api: ServedApi) -> str:
    asked: dict[str, Any] = {"text": "A river runs to the sea.", "size": "128x128", "fps": 24}
    answer = page.request.post("/api/videos", headers={"Authorization": f"Bearer {api.key}"}, data=asked)
    assert answer.status == 202, answer.text()
    return str(answer.json()["data"]["id"])

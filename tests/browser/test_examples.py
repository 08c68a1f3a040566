"""What the documentation shows is what happens: its commands and its code run as they stand on the page."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.served_api import ServedApi

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

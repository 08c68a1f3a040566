"""A headless Chromium on the pages of a real running API; nothing leaves the loopback."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, ViewportSize, sync_playwright

from tests.served_api import ServedApi

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No other host has an address, so a page that asked for one would show it by a failed request.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}


class Watch:
    """What went wrong on the pages of a context: console, scripts, answers, requests to other hosts."""

    def __init__(self, context: BrowserContext, own_address: str) -> None:
        self.faults: list[str] = []
        self._own_address = own_address
        context.on("console", self._said)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("request", self._asked)
        context.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        # Whoever leaves a page while its icon is still being fetched has missed nothing.
        if not (request.failure == "net::ERR_ABORTED" and request.url.endswith("/icon.svg")):
            self.faults.append(f"failed: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self._own_address):
            self.faults.append(f"left the farm: {request.url}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed, and CI skips nothing.")
        pytest.skip("Chromium is not installed (apt install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApi]:
    with ServedApi(tmp_path_factory.mktemp("browser") / "home") as served:
        yield served


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Browser, api: ServedApi) -> Iterator[Page]:
    """An empty page of a fresh profile, which by the end must have seen no fault."""
    context = browser.new_context(viewport=DESKTOP, base_url=api.url)
    watch = Watch(context, api.url)
    yield context.new_page()
    context.close()
    assert watch.faults == []


@pytest.fixture
def busy_worker(api: ServedApi) -> Iterator[None]:
    """Somebody who does the farm's work for as long as the test."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.02):
            api.work()

    worker = threading.Thread(target=work)
    worker.start()
    yield
    done.set()
    worker.join()

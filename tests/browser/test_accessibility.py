"""All pages in both schemes and on two screens, as axe sees them: not one finding."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import DESKTOP, PHONE


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", ["/", "/docs", "/login"])
def test_axe_finds_nothing(page: Page, path: str, scheme: str, screen: ViewportSize) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # The fixture's two values.
    page.set_viewport_size(screen)
    page.goto(path)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()

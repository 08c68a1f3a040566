"""The page that describes the API: whole, legible, reachable by keyboard, on any screen and in any light."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.served_api import ServedApi

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}

# WCAG 2.2 relative luminance and contrast, of every element that holds text of its own.
LOWEST_CONTRAST = """
() => {
  const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  let lowest = [21, ''];
  for (const e of document.querySelectorAll('body *')) {
    if (!e.offsetParent || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < lowest[0]) lowest = [ratio, e.outerHTML.slice(0, 120)];
  }
  return lowest;
}
"""


@pytest.fixture
def page(browser: Browser, api: ServedApi) -> Iterator[Page]:
    """The docs page; afterwards: no error in its console, no request that failed or left the machine."""
    context = browser.new_context(viewport=DESKTOP)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("requestfailed", lambda request: faults.append(request.url))
    opened.on("request", lambda request: None if request.url.startswith(api.url) else faults.append(request.url))
    opened.goto(f"{api.url}/docs")
    yield opened
    context.close()
    assert faults == []


def test_a_browser_at_the_farms_address_is_shown_the_docs(browser: Browser, api: ServedApi) -> None:
    page = browser.new_page()
    page.goto(api.url)
    assert page.url == f"{api.url}/docs"
    page.close()


def test_every_operation_of_the_document_stands_on_the_page(page: Page, api: ServedApi) -> None:
    document = page.request.get(f"{api.url}/openapi.json").json()
    documented = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    addresses = page.locator("article .address")
    shown = {
        (address.locator(".method").inner_text(), address.locator("code").inner_text()) for address in addresses.all()
    }
    assert shown == documented


def test_every_entry_of_the_contents_leads_to_its_operation(page: Page) -> None:
    links = page.locator("nav li a[href^='#']")
    assert links.count() > 5
    for link in links.all():
        link.click()
        target = page.locator(str(link.get_attribute("href")).replace(".", "\\."))
        assert target.locator("h3").inner_text() == link.inner_text()
        box = target.bounding_box()
        assert box is not None
        assert -1 <= box["y"] < DESKTOP["height"]


def test_an_example_opens_by_keyboard(page: Page) -> None:
    summary = page.locator("article details summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("article details").first.get_attribute("open") is not None


def test_the_page_names_its_language_its_landmarks_and_one_main_heading(page: Page) -> None:
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("main").count() == 1
    assert page.locator("nav[aria-label]").count() == 1
    assert page.locator("h1").count() == 1
    levels = [int(heading.evaluate("e => e.tagName[1]")) for heading in page.locator("main :is(h1,h2,h3)").all()]
    assert all(later - earlier <= 1 for earlier, later in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    ratio, element = page.evaluate(LOWEST_CONTRAST)
    assert ratio >= 4.5, element


def test_a_phone_scrolls_one_way_only(page: Page) -> None:
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_no_column_is_squeezed_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    squeezed = "cells => cells.filter(c => c.offsetParent && c.innerText.length > 4 && c.offsetWidth < 40).length"
    assert page.locator("td").evaluate_all(squeezed) == 0

"""The page that describes the API: whole, legible, reachable by keyboard, on any screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.api.problems import CODE_OF_STATUS, STATUS_OF, MalformedBody
from app.domain.errors import RequestError
from tests.browser.conftest import DESKTOP, PHONE

# Written where they are raised, not on a class.
OTHER_CODES = {"INTERNAL", "STORAGE_FULL"}
# The classes that the others of their kind are made from; no caller meets them.
NEVER_ANSWERED = {"TRANSIENT", "LIMIT_REACHED"}


def below(kind: type[RequestError]) -> Iterator[type[RequestError]]:
    """Every class made from it, at whatever depth."""
    for narrower in kind.__subclasses__():
        yield narrower
        yield from below(narrower)


@pytest.fixture
def docs(page: Page) -> Page:
    page.goto("/docs")
    return page


@pytest.fixture
def operations(docs: Page) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each, from /openapi.json."""
    document = docs.request.get("/openapi.json").json()
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_stands_on_the_page(docs: Page, operations: list[tuple[str, str, dict[str, Any]]]) -> None:
    for method, path, operation in operations:
        article = docs.get_by_role("article", name=operation["summary"], exact=True)
        expect(article.locator(".address .method")).to_have_text(method)
        expect(article.locator(".address code")).to_have_text(path)
        expect(article.get_by_text("no key needed")).to_have_count(0 if operation.get("security") else 1)
        for parameter in operation["parameters"]:
            expect(article.locator(".told dt code").get_by_text(parameter["name"], exact=True).first).to_be_visible()
        assert set(operation["responses"]) == set(article.locator("dl.answers > dt").all_inner_texts())
    assert docs.get_by_role("article").count() == len(operations)


def test_every_operation_shows_a_request_and_an_answer(docs: Page) -> None:
    for article in docs.get_by_role("article").all():
        request, answer = article.get_by_role("figure").all()
        expect(request).to_contain_text("curl ")
        expect(answer.locator("figcaption")).to_contain_text("Answer 20")


def test_every_entry_of_the_contents_leads_to_its_place(docs: Page) -> None:
    links = docs.get_by_role("navigation").locator("a[href^='#']")
    assert links.count() > 15
    for link in links.all():
        link.click()
        heading = docs.locator(str(link.get_attribute("href"))).get_by_role("heading").first
        expect(heading).to_be_in_viewport()
        # A link to an operation names its method too.
        assert link.inner_text().startswith(heading.inner_text())


def test_everything_that_is_folded_opens(docs: Page) -> None:
    folded = docs.locator("main details")
    assert folded.count() > 10
    for details in folded.all():
        details.locator("summary").first.click()
        assert details.evaluate("e => e.open && e.lastElementChild.getBoundingClientRect().height > 0")


def test_the_keyboard_reaches_every_link_and_every_fold(docs: Page) -> None:
    reachable = docs.locator("a:visible, summary:visible").count()
    focused = []
    for _ in range(reachable):
        docs.keyboard.press("Tab")
        focused.append(docs.evaluate("document.activeElement.outerHTML"))
    assert focused[0].startswith('<a class="skip"')
    assert docs.evaluate("document.activeElement.closest('main') !== null")
    docs.keyboard.press("Enter")
    assert docs.evaluate("document.activeElement.parentElement.open")


def test_the_contents_stay_in_sight_on_a_desk_and_fold_on_a_phone(docs: Page) -> None:
    link = docs.get_by_role("navigation").get_by_role("link", name="Errors")
    expect(link).to_be_visible()
    docs.mouse.wheel(0, 5 * DESKTOP["height"])
    expect(link).to_be_in_viewport()
    docs.set_viewport_size(PHONE)
    expect(link).not_to_be_visible()
    docs.get_by_text("Contents", exact=True).click()
    expect(link).to_be_visible()


def test_a_phone_scrolls_one_way_only_with_everything_open(docs: Page) -> None:
    docs.set_viewport_size(PHONE)
    docs.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert docs.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    # A box that scrolls sideways by itself would hide its end just as well.
    assert docs.evaluate("[...document.querySelectorAll('pre')].every(e => e.scrollWidth <= e.clientWidth)")


def test_the_table_of_errors_names_every_code_that_a_request_can_get(docs: Page) -> None:
    shown = set(docs.locator("#errors td:nth-child(2) code").all_inner_texts())
    named = {error.code for error, _ in STATUS_OF} | {error.code for error in below(RequestError)}
    known = named | set(CODE_OF_STATUS.values()) | {MalformedBody.code} | OTHER_CODES
    assert shown == known - NEVER_ANSWERED

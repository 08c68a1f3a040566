"""The farm's front door: what it is, how it fares, and the way to the documentation."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

import app as product
from tests.browser.conftest import PHONE
from tests.served_api import ServedApi


@pytest.fixture
def home(page: Page) -> Page:
    page.goto("/")
    return page


def test_it_says_what_this_is_and_which_version(home: Page) -> None:
    expect(home.get_by_role("heading", level=1)).to_have_text("Text in, finished video out.")
    expect(home.locator(".version")).to_have_text(product.__version__)


def test_it_leads_to_the_documentation_and_back(home: Page) -> None:
    home.get_by_role("link", name="Read the documentation").click()
    expect(home.get_by_role("heading", level=1)).to_have_text("Sceneworks API")
    home.get_by_role("link", name="Sceneworks", exact=True).click()
    expect(home.get_by_role("heading", level=1)).to_have_text("Text in, finished video out.")


def test_a_farm_that_can_serve_is_ready(home: Page) -> None:
    health = home.get_by_role("region", name="Ready")
    expect(health.get_by_role("definition")).to_have_text(["ok", "ok", "ok"])


def test_a_farm_that_cannot_serve_says_what_is_missing(page: Page, api: ServedApi) -> None:
    objects = api.settings.storage_dir
    away = objects.with_name("unmounted")
    objects.rename(away)
    objects.write_text("where a folder should be")
    try:
        page.goto("/")
        health = page.get_by_role("region", name="Not ready")
        expect(health.locator("dd.bad")).to_have_count(1)
        expect(health.locator("dd.bad")).not_to_have_text("ok")
    finally:
        objects.unlink()
        away.rename(objects)


def test_operators_are_told_of_flower(home: Page) -> None:
    expect(home.get_by_role("region", name="For operators")).to_contain_text("http://127.0.0.1:5555")


def test_a_phone_scrolls_one_way_only(home: Page) -> None:
    home.set_viewport_size(PHONE)
    assert home.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

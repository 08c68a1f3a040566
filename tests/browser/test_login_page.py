"""Signing in and out by the form, as a person does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from app.domain.access import Role
from app.models import Org
from tests.browser.conftest import DESKTOP, PHONE
from tests.people import PASSWORD, make_user
from tests.served_api import ServedApi

# A person of this file's own: the pages' tests share one farm, and the examples of /docs make Mara.
EMAIL = "runa@example.com"


@pytest.fixture(scope="module", autouse=True)
def mara(api: ServedApi) -> None:
    with api.farm.database.read() as session:
        org_id = session.execute(select(Org.id).where(Org.name == "local")).scalar_one()
    make_user(api.farm.database, org_id, Role.ADMIN, email=EMAIL, password=PASSWORD)


def fill(page: Page, password: str) -> None:
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_person_signs_in_goes_on_to_where_they_wanted_and_signs_out(page: Page) -> None:
    page.goto("/login?next=/docs")
    fill(page, PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sceneworks API")
    (cookie,) = page.context.cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    page.goto("/login")
    expect(page.get_by_role("main")).to_contain_text(f"You are Noor, {EMAIL}, admin of local.")
    # What a page of the farm's own may ask for, and what it may change.
    told = page.request.get("/api/session").json()["data"]
    changed = page.request.post(
        "/api/jobs/bulk/cancel", headers={"X-CSRF-Token": told["csrf_token"]}, data={"filter": {"ids": ["vid_x"]}}
    )
    assert changed.status == 200
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert page.context.cookies() == []
    assert page.request.get("/api/session").status == 401


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.goto("/login")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Read the documentation")).to_be_visible()


@pytest.fixture
def failing(browser: Browser, api: ServedApi) -> Iterator[Page]:
    """A page on which signing in may fail: a browser writes a 401 to its console."""
    context = browser.new_context(viewport=DESKTOP, base_url=api.url)
    yield context.new_page()
    context.close()


def test_a_wrong_password_is_told_and_what_was_typed_is_kept(failing: Page) -> None:
    failing.goto("/login?next=/docs")
    fill(failing, "wrong horse battery")
    expect(failing.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong.")
    expect(failing.get_by_label("E-mail address")).to_have_value(EMAIL)
    expect(failing.get_by_label("Password")).to_be_focused()
    expect(failing.get_by_label("Password")).to_have_value("")
    assert Axe().run(failing).response["violations"] == []
    failing.get_by_label("Password").fill(PASSWORD)
    failing.keyboard.press("Enter")
    expect(failing.get_by_role("heading", level=1)).to_have_text("Sceneworks API")


def test_a_person_changes_their_password(api: ServedApi, failing: Page) -> None:
    with api.farm.database.read() as session:
        org_id = session.execute(select(Org.id).where(Org.name == "local")).scalar_one()
    make_user(api.farm.database, org_id, email="sini@example.com", password=PASSWORD)

    def enter(password: str) -> None:
        failing.get_by_label("E-mail address").fill("sini@example.com")
        failing.get_by_label("Password").fill(password)
        failing.get_by_role("button", name="Sign in").click()

    failing.goto("/login?next=/login")
    enter(PASSWORD)
    failing.get_by_label("Current password").fill("not this one")
    failing.get_by_label("New password").fill("quiet river, early train")
    failing.get_by_role("button", name="Change password").click()
    expect(failing.get_by_role("alert")).to_have_text("This is not your password.")
    assert Axe().run(failing).response["violations"] == []
    failing.get_by_label("Current password").fill(PASSWORD)
    failing.get_by_label("New password").fill("quiet river, early train")
    failing.get_by_role("button", name="Change password").click()
    expect(failing.get_by_role("status")).to_contain_text("Your password is changed.")
    failing.get_by_role("button", name="Sign out").click()
    enter("quiet river, early train")
    failing.goto("/login")
    expect(failing.get_by_role("main")).to_contain_text("sini@example.com")


@pytest.mark.parametrize("goal", ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_signing_in(page: Page, api: ServedApi, goal: str) -> None:
    page.goto(f"/login?next={goal}")
    fill(page, PASSWORD)
    expect(page).to_have_url(f"{api.url}/")


def test_a_page_of_another_site_signs_nobody_in_or_out(failing: Page, api: ServedApi) -> None:
    failing.goto("/login")
    fill(failing, PASSWORD)
    # Another name for the same host is another site to a browser.
    other = api.url.replace("127.0.0.1", "localhost")
    for action, fields in (("login", {"email": EMAIL, "password": PASSWORD}), ("logout", {})):
        inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
        page = f'<form method="post" action="{api.url}/{action}">{inputs}<button>go</button></form>'
        failing.route("**/elsewhere", answering(page))
        failing.goto(f"{other}/elsewhere")
        with failing.expect_response(f"{api.url}/{action}") as answered:
            failing.get_by_role("button").click()
        assert answered.value.status == 403
    assert failing.request.get("/api/session").status == 200


def answering(body: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(content_type="text/html", body=body)


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_on_the_page_of_who_is_signed_in(page: Page, scheme: str, screen: object) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # The fixture's two values.
    page.set_viewport_size(screen)  # type: ignore[arg-type]
    page.goto("/login?next=/login")
    fill(page, PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Signed in")
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]

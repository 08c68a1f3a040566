"""`/login` and `/logout`: signing in and out, and another password, with forms for which a browser needs no script."""

from __future__ import annotations

import re

from apiflask import APIBlueprint
from flask import Response, request

from app.api.acceptance import asking_as
from app.api.context import current_farm
from app.api.cookies import clear_session, session_token, set_session
from app.api.csrf import check_csrf, refuse_other_origins
from app.api.pages import HEADERS, page
from app.api.problems import WrongContentType, problem_of
from app.api.session import described, signed_in, signed_in_caller
from app.domain.errors import InvalidInput, LimitReached, SceneworksError, ServiceUnavailable, Unauthorized
from app.domain.people import read_password
from app.services.own_password import change_own_password
from app.services.sessions import sign_out

sign_in_page = APIBlueprint("sign_in_page", __name__, enable_openapi=False)

FORM = "application/x-www-form-urlencoded"
# An address of this farm. `//host` and `/\host` are another's to a browser.
OWN_PATH = re.compile(r"/(?:[\x21-\x2e\x30-\x5b\x5d-\x7e][\x21-\x5b\x5d-\x7e]*)?")
OWN_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace("form-action 'none'", "form-action 'self'"),
    # With no referrer at all a browser sends a form with the origin `null`, which is anybody's.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@sign_in_page.get("/login")
def show() -> Response:
    """The form; or who is signed in, and the way out."""
    caller, token = signed_in_caller(), session_token()
    session = None if caller is None else described(caller, token)
    return _form(own_path(request.args.get("next")), session=session)


@sign_in_page.post("/login")
def enter() -> Response:
    """Sign in, and go to where one wanted to; the form again, with the reason, where that fails."""
    form = _fields()
    goal = own_path(form.get("next"))
    try:
        token = signed_in(form.get("email", ""), form.get("password", ""))
    except (Unauthorized, LimitReached, ServiceUnavailable) as error:
        return _refused(error, goal, email=form.get("email", ""))
    response = _to(goal)
    set_session(response, token)
    return response


@sign_in_page.post("/logout")
def leave() -> Response:
    """Sign out, and show the form again."""
    # A form on another site comes without the cookie, and its answer could take the cookie away all the same.
    refuse_other_origins()
    form, caller, token = _fields(), signed_in_caller(), session_token()
    if caller is not None and caller.session_id is not None and token is not None:
        check_csrf(token, form.get("csrf_token"))
        sign_out(current_farm().database, asking_as(caller))
    response = _to("/login")
    clear_session(response)
    return response


@sign_in_page.post("/login/password")
def change_password() -> Response:
    """Another password for whoever is signed in, and whether it was taken; the form to sign in when nobody is."""
    refuse_other_origins()
    form, caller, token = _fields(), signed_in_caller(), session_token()
    if caller is None or token is None:
        return _to("/login")
    check_csrf(token, form.get("csrf_token"))
    session = described(caller, token)
    try:
        new = _new_password(form.get("password", ""))
        change_own_password(current_farm().database, asking_as(caller), form.get("current", ""), new)
    except (InvalidInput, LimitReached, ServiceUnavailable) as error:
        return _refused(error, session=session)
    return _form("/", session=session, is_changed=True)


def own_path(given: str | None) -> str:
    """Where to go afterwards: an address of this farm, else its front door."""
    return given if given is not None and OWN_PATH.fullmatch(given) else "/"


def _fields() -> dict[str, str]:
    # A form with files would be written to disk, for whoever sends it.
    if request.mimetype != FORM:
        raise WrongContentType(f"Send the form as {FORM}.")
    return request.form.to_dict()


def _new_password(typed: str) -> str:
    try:
        return read_password(typed)
    except ValueError as error:
        raise InvalidInput("password", f"The new password {error}.") from error


def _refused(error: SceneworksError, goal: str = "/", **values: object) -> Response:
    """The form again, with the reason."""
    problem = problem_of(error)
    response = _form(goal, fault=error.message, **values)
    response.status_code = problem.status
    response.headers.extend(dict(problem.headers))
    return response


def _to(path: str) -> Response:
    response = Response(status=303)
    response.headers["Location"] = path
    return response


def _form(goal: str, **values: object) -> Response:
    response = page("login.html", goal=goal, **values)
    response.headers.update(OWN_HEADERS)
    return response

"""`/api/session`: signing in and out, and who one is."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request

from app.api.acceptance import asking, asking_as
from app.api.answers import success
from app.api.context import admin_users, current_caller, current_correlation_id, current_farm
from app.api.cookies import clear_session, session_token, set_session
from app.api.csrf import refuse_other_origins
from app.api.facts import Facts, SentAgain
from app.api.user_schemas import (
    PASSWORD_EXAMPLES,
    SIGN_IN_EXAMPLES,
    PasswordRequest,
    Session,
    SessionAnswer,
    SignedInUser,
    SignedOut,
    SignedOutAnswer,
    SignInRequest,
)
from app.domain.access import Scope
from app.domain.errors import Unauthorized
from app.services.caller import Caller
from app.services.own_password import change_own_password
from app.services.sessions import caller_of, csrf_token, sign_in, sign_out, who_is

session = APIBlueprint("session", __name__, tag="Session")


@session.post("/api/session")
@session.input(SignInRequest, examples=SIGN_IN_EXAMPLES)
@session.output(SessionAnswer, 201)
@session.doc(
    operation_id="signIn",
    responses={
        401: "The e-mail address or the password is wrong",
        403: "It came from a page of another site",
        429: "Too many tries that failed; `Retry-After` says when to try again",
    },
)
@Facts(SentAgain.ANEW, answers={201: {"Set-Cookie": "The session's cookie."}})
def begin(json_data: SignInRequest) -> Response:
    """Sign in

    Sets the session's cookie, which no script can read. It counts for 7 days, and 12 hours after the last request.
    """
    token = signed_in(json_data.email, json_data.password)
    response = success(described(caller_of(current_farm().database, token, admin_users()), token), 201)
    set_session(response, token)
    return response


@session.get("/api/session")
@session.output(SessionAnswer)
@session.doc(operation_id="getSession")
def show() -> Response:
    """Who am I?

    The organisation, the user if there is one, and what you may do; with a key or in a session.
    """
    caller = current_caller()
    return success(described(caller, session_token()), Cache_Control="no-store")


@session.delete("/api/session")
@session.output(SignedOutAnswer)
@session.doc(operation_id="signOut")
@Facts(SentAgain.HARMLESS)
def end() -> Response:
    """Sign out

    The session counts no more, and the streams that it has open close.
    """
    session_id = current_caller().session_id
    if session_id is not None:
        sign_out(current_farm().database, asking())
    response = success(SignedOut(ended=session_id is not None))
    if session_id is not None:
        clear_session(response)
    return response


@session.put("/api/session/password")
@session.input(PasswordRequest, examples=PASSWORD_EXAMPLES)
@session.output(SessionAnswer)
@session.doc(
    operation_id="changePassword",
    responses={
        403: "It came with a key, or from a page of another site",
        422: "The current password is wrong, or the new one too short",
        429: "Too many wrong passwords; `Retry-After` says when to try again",
    },
)
@Facts(SentAgain.REFUSED)
def change_password(json_data: PasswordRequest) -> Response:
    """Change my password

    In a session alone. You stay signed in here, and are signed out everywhere else.
    """
    change_own_password(current_farm().database, asking(), json_data.current, json_data.password)
    return success(described(current_caller(), session_token()), Cache_Control="no-store")


def signed_in(email: str, password: str) -> str:
    """The token of a new session, in the place of the one that the browser had. Raises as `sign_in` does."""
    # Else another site could sign a visitor in as somebody of its own, and read later what they did.
    refuse_other_origins()
    database = current_farm().database
    token = sign_in(database, email, password, request.remote_addr or "", admin_users(), current_correlation_id())
    if (before := signed_in_caller()) is not None and before.session_id is not None:
        sign_out(database, asking_as(before))
    return token


def signed_in_caller() -> Caller | None:
    """Whose session the request's cookie is; None where there is none that counts."""
    token = session_token()
    try:
        return None if token is None else caller_of(current_farm().database, token, admin_users())
    except Unauthorized:
        return None


def described(caller: Caller, token: str | None) -> Session:
    found = who_is(current_farm().database, caller, admin_users())
    user = None
    if found.user_id is not None and found.email is not None and found.name is not None and found.role is not None:
        user = SignedInUser(id=found.user_id, email=found.email, name=found.name, role=found.role)
    return Session(
        org=found.org,
        user=user,
        key_id=caller.key_id,
        scopes=[scope for scope in Scope if scope in caller.scopes],
        is_operator=caller.is_operator,
        csrf_token=None if caller.session_id is None or token is None else csrf_token(token),
        ends_at=found.ends_at,  # type: ignore[arg-type]  # Time reads epoch seconds.
    )

"""`/api/users`: the people of an organisation, for whoever administers it."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint
from flask import Response

from app.api.acceptance import kept_answer
from app.api.answers import success
from app.api.context import admin_users, current_caller, current_farm
from app.api.cursors import PageQuery
from app.api.facts import Facts, SentAgain
from app.api.user_schemas import (
    USER_CHANGE_EXAMPLES,
    USER_EXAMPLES,
    User,
    UserAnswer,
    UserChangeRequest,
    UserPage,
    UserPageAnswer,
    UserRequest,
)
from app.services.asking import Asking
from app.services.users import UserChange, add_user, change_user, list_users

users = APIBlueprint("users", __name__, tag="Users")


@users.get("/api/users")
@users.input(PageQuery, location="query")
@users.output(UserPageAnswer)
@users.doc(operation_id="listUsers", responses={400: "The cursor is not one of your users"})
def index(query_data: PageQuery) -> Response:
    """List the users

    Of your organisation, each with the role in force.
    """
    page = list_users(current_farm().database, current_caller().org_id, admin_users(), query_data.to_cut())
    return success(UserPage(items=[User(**asdict(user)) for user in page.items], has_more=page.has_more))


@users.post("/api/users")
@users.input(UserRequest, examples=USER_EXAMPLES)
@users.output(UserAnswer, 201)
@users.doc(operation_id="createUser", responses={409: "Somebody has this e-mail address already"})
@Facts(SentAgain.KEPT)
def make(json_data: UserRequest) -> Response:
    """Add a user

    An operator can be made by an operator alone. An address is taken once on the whole farm.
    """

    def add(asked: Asking) -> User:
        added = add_user(
            current_farm().database,
            asked,
            admin_users(),
            email=json_data.email,
            name=json_data.name,
            role=json_data.role,
            password=json_data.password,
        )
        return User(**asdict(added))

    return kept_answer(json_data, add, status=201, hidden="password")


@users.patch("/api/users/<user_id>")
@users.input(UserChangeRequest, examples=USER_CHANGE_EXAMPLES)
@users.output(UserAnswer)
@users.doc(operation_id="updateUser")
@Facts(SentAgain.KEPT)
def change(user_id: str, json_data: UserChangeRequest) -> Response:
    """Change a user

    Another role counts from their next request on. Who is disabled, or is given another password, is signed out
    everywhere; the keys of a disabled user let nobody in.
    """
    wanted = UserChange(
        name=json_data.name, role=json_data.role, is_disabled=json_data.disabled, password=json_data.password
    )

    def changed(asked: Asking) -> User:
        return User(**asdict(change_user(current_farm().database, asked, admin_users(), user_id, wanted)))

    return kept_answer(json_data, changed, hidden="password")

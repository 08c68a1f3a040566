"""A page of a list, newest first, by where it begins and not by how many rows lie before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.domain.errors import RequestError

T = TypeVar("T")
S = TypeVar("S", bound=Select[Any])

# What a list is ordered by, the highest first; together they tell each row from all others.
Order = Sequence[InstrumentedAttribute[Any]]


@dataclass(frozen=True)
class Cut:
    """Which page is asked for: `limit` rows, older than one of them or newer than one (their public ids), not both."""

    limit: int
    starting_after: str | None = None
    ending_before: str | None = None

    @property
    def cursor(self) -> tuple[str, str] | None:
        """The field that names a row, and that row's id; None for the first page."""
        for field in ("starting_after", "ending_before"):
            if (given := getattr(self, field)) is not None:
                return field, given
        return None


@dataclass(frozen=True)
class Page(Generic[T]):
    """`has_more` in the direction that was asked for; `items` newest first in either."""

    items: tuple[T, ...]
    has_more: bool


def place_of(
    session: Session, order: Order, cut: Cut, is_row: Callable[[str], ColumnElement[bool]], rows: str
) -> Sequence[Any] | None:
    """Where the cursor's row stands in the `order`, None for the first page.

    `is_row` is the condition for a public id, the organisation's among it: another's cursor is a RequestError in the
    same words as one that never was. `rows` is what they are called ("jobs").
    """
    if cut.cursor is None:
        return None
    field, public_id = cut.cursor
    found = session.execute(select(*order).where(is_row(public_id))).one_or_none()
    if found is None:
        raise RequestError(f"This cursor is not one of your {rows}.", field=field)
    return found


def cut_out(query: S, order: Order, cut: Cut, place: Sequence[Any] | None) -> S:
    """`query` in its order, from the cursor's `place` on, with one row more than the page: that there are more."""
    is_backwards = cut.ending_before is not None
    if place is not None:
        here, there = tuple_(*order), tuple_(*place)
        query = query.where(here > there if is_backwards else here < there)
    return query.order_by(*(column.asc() if is_backwards else column.desc() for column in order)).limit(cut.limit + 1)


def page_of(rows: Sequence[T], cut: Cut) -> Page[T]:
    """The page that these rows of a query that was cut out are."""
    items = rows[: cut.limit]
    return Page(tuple(reversed(items) if cut.ending_before is not None else items), has_more=len(rows) > cut.limit)

"""A page of a list, newest first, by where it begins and not by how many rows lie before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

T = TypeVar("T")


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


def read_page(
    session: Session,
    query: Select[tuple[T]],
    columns: Sequence[InstrumentedAttribute[Any]],
    cut: Cut,
    place: Sequence[Any] | None,
) -> Page[T]:
    """The rows of `query` in the order of `columns`, the highest first. `place` is the cursor's row in them."""
    is_backwards = cut.ending_before is not None
    if place is not None:
        here, there = tuple_(*columns), tuple_(*place)
        query = query.where(here > there if is_backwards else here < there)
    order = [column.asc() if is_backwards else column.desc() for column in columns]
    rows = session.scalars(query.order_by(*order).limit(cut.limit + 1)).all()
    items = list(rows[: cut.limit])
    return Page(tuple(reversed(items) if is_backwards else items), has_more=len(rows) > cut.limit)

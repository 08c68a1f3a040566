"""Cursors of lists, told apart from what else may be wrong with a query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.errors import InvalidInput, RequestError

CURSORS = ("starting_after", "ending_before")


def check_cursors(starting_after: str | None, ending_before: str | None) -> None:
    if starting_after is not None and ending_before is not None:
        raise InvalidInput("ending_before", "Give starting_after or ending_before, not both.")


@contextmanager
def refused_cursors() -> Iterator[None]:
    """400 for a cursor that the block does not know: another org's must look the same as one that never was."""
    try:
        yield
    except InvalidInput as error:
        if error.field not in CURSORS:
            raise
        raise RequestError(error.message, field=error.field) from error

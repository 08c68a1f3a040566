"""What pydantic finds wrong, in our words: the field in dotted form, never its value."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.domain.errors import InvalidInput

# So many faults are told at once; a body of two megabytes could have a hundred thousand.
MAX_FAULTS = 20
MAX_NAME_LENGTH = 100
WHOLE = "body"

_AS_JSON = {"True": "true", "False": "false", "None": "null"}
_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "model_type": "Must be a JSON object.",
    "model_attributes_type": "Must be a JSON object.",
    "dict_type": "Must be a JSON object.",
    "list_type": "Must be a list.",
    "string_type": "Must be a string.",
    "int_type": "Must be a whole number.",
    "int_parsing": "Must be a whole number.",
    "int_from_float": "Must be a whole number.",
    "bool_type": "Must be true or false.",
    "literal_error": "Must be {expected}.",
    "enum": "Must be {expected}.",
    "greater_than_equal": "Must be at least {ge}.",
    "greater_than": "Must be greater than {gt}.",
    "float_type": "Must be a number.",
    "finite_number": "Must be a number.",
    "less_than_equal": "Must be at most {le}.",
    "string_too_short": "Must have at least {min_length} characters.",
    "string_too_long": "Must have at most {max_length} characters.",
    "string_pattern_mismatch": "Must match {pattern}.",
    "too_short": "Must have at least {min_length} entries.",
    "too_long": "Must have at most {max_length} entries.",
}


def invalid_input(error: ValidationError) -> InvalidInput:
    """One error that names the first faulty field, and all of them (to a limit) in `details.errors`."""
    found = error.errors(include_url=False, include_context=True, include_input=False)
    faults = [{"field": field_name(fault["loc"]), "message": sentence(fault)} for fault in found[:MAX_FAULTS]]
    first = faults[0]
    more = f" ({len(found) - 1} more faults: see details.errors.)" if len(found) > 2 else ""
    more = " (1 more fault: see details.errors.)" if len(found) == 2 else more
    return InvalidInput(first["field"], f"{first['field']}: {first['message']}{more}", errors=faults)


def sentence(fault: ErrorDetails) -> str:
    known = _SENTENCES.get(fault["type"])
    if known is None:
        said = fault["msg"].removeprefix("Value error, ").rstrip(".")
        return f"{said[:1].upper()}{said[1:]}."
    context = fault.get("ctx", {})
    # Pydantic writes the values that a field may have as Python does; strings among them are quoted.
    expected = str(context.get("expected"))
    return known.format(**{**context, "expected": _AS_JSON.get(expected, expected)})


def field_name(location: Sequence[str | int]) -> str:
    """`("scenes", 2, "text")` to `scenes.2.text`."""
    # Pydantic marks a faulty key of an object, as against its value, with a part that is no name.
    parts = [str(part)[:MAX_NAME_LENGTH] for part in location if part != "[key]"]
    return ".".join(parts) or WHOLE

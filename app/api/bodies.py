"""Reading a request's body strictly: JSON that is JSON, text that can be stored, uploads straight to disk."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from flask import Request, current_app, request
from pydantic import BaseModel

from app.api.context import current_farm
from app.api.facts import facts_of
from app.api.problems import MalformedBody, WrongContentType
from app.domain.errors import InvalidInput, NotFound, RequestError, TooLarge

MAX_JSON_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 16
# Beside the file: the parts' headers and boundaries.
MULTIPART_OVERHEAD_BYTES = 64 * 1024
ABANDONED_AFTER_S = 3600.0


def refuse_nul() -> None:
    """Before each request: no name of ours and no value holds a NUL, and PostgreSQL takes none to look for."""
    if "\0" in request.path:
        raise NotFound("There is nothing at this address.")
    if b"%00" in request.query_string:
        raise RequestError("The query holds a NUL character.")


def refuse_repeats() -> None:
    """Before each request: of a parameter that is there twice nobody knows which one was meant."""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise InvalidInput(name, "Give it once. Several values stand in one, with commas between them.")


def refuse_compression() -> None:
    """Before each request: nobody unpacks a body here, and one that is packed would be taken for what it is not."""
    coding = request.headers.get("Content-Encoding", "identity")
    if coding.strip().lower() not in ("", "identity"):
        raise WrongContentType("Send the body as it is: no Content-Encoding is read.")


class StrictRequest(Request):
    """Flask's request, with a JSON reader that takes nothing for granted and files that never pass through memory."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body as JSON; 415, 413, 400 or 422 say why not. The arguments are Flask's and change nothing here."""
        if facts_of(current_app, self.endpoint).body_is_optional and not self.get_data(cache=True):
            return {}
        if not self.is_json:
            raise WrongContentType("Send JSON, with `Content-Type: application/json`.")
        if self.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
            raise WrongContentType("Send JSON in UTF-8, in which JSON always is (RFC 8259).")
        body = self.get_data(cache=True)
        if self.content_length is None:
            # Werkzeug cuts a body of unannounced length off at the limit; only one more read tells, by a 413.
            self.stream.read(1)
        if not body:
            raise MalformedBody(f"A body is required: {_awaited_body(self.endpoint)}.")
        value = parse_json(body)
        if not isinstance(value, dict):
            raise InvalidInput("body", "The body must be a JSON object.")
        return value

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        """Where an uploaded file goes as it arrives: a file with a name of ours, gone when the request ends."""
        # Before the first byte of it: a file that is received onto a full disk takes the last room from everyone.
        current_farm().room.check()
        folder = cast(Path, current_app.extensions["uploads"])
        folder.mkdir(parents=True, exist_ok=True)
        return cast(IO[bytes], tempfile.NamedTemporaryFile("rb+", dir=folder, prefix="upload-"))


def parse_json(body: bytes) -> Any:
    """The value of a JSON text. MalformedBody when it is none, InvalidInput for a value that no field can hold."""
    try:
        value = json.loads(
            # Some programs begin a text with a byte order mark, and RFC 8259 lets it be passed over.
            body.decode("utf-8-sig"),
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        _refuse_unusable(value, (), 0)
    except UnicodeDecodeError as error:
        raise MalformedBody("The body is not UTF-8.") from error
    except RecursionError as error:
        raise _too_deep() from error
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).",
            line=error.lineno,
            column=error.colno,
        ) from error
    except ValueError as error:
        # Python refuses to convert a whole number of more than 4,300 digits.
        raise InvalidInput("body", "A number in the body is out of range.") from error
    return value


def _awaited_body(endpoint: str | None) -> str:
    """`a JSON object with reason, and until if wanted`: what the view reads of its body."""
    awaited: type[BaseModel] = vars(current_app.view_functions[endpoint or ""])["_spec"]["body"]
    names = {field.alias or name: field.is_required() for name, field in awaited.model_fields.items()}
    needed, wanted = ([name for name, is_needed in names.items() if is_needed is wish] for wish in (True, False))
    if not needed:
        return f"a JSON object with any of {', '.join(wanted)}"
    return f"a JSON object with {', '.join(needed)}" + (f", and {', '.join(wanted)} if wanted" if wanted else "")


def sweep_uploads(folder: Path) -> None:
    """Remove what a killed process left half-received."""
    for abandoned in folder.glob("upload-*"):
        if abandoned.stat().st_mtime < time.time() - ABANDONED_AFTER_S:
            abandoned.unlink(missing_ok=True)


def too_large(limit_bytes: int | None) -> TooLarge:
    """413 in a sentence that a person can act on."""
    if limit_bytes is None:
        return TooLarge("The request is too large.")
    return TooLarge(f"The request may have at most {readable_size(limit_bytes)}.", limit_bytes=limit_bytes)


def readable_size(size_bytes: int) -> str:
    """`2 MiB`, `64 MiB`, `1.5 MiB`, `900 bytes`."""
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if size_bytes >= unit:
            return f"{round(size_bytes / unit, 1):g} {name}"
    return f"{size_bytes} bytes"


def _refuse_unusable(value: Any, path: tuple[str | int, ...], depth: int) -> None:
    """Refuse what JSON can write but a database, a file name or a voice cannot take: NUL and half of a pair."""
    if depth > MAX_DEPTH:
        raise _too_deep()
    match value:
        case str():
            if fault := _unusable(value):
                raise InvalidInput(".".join(map(str, path)) or "body", f"Holds {fault}.")
        case dict():
            for key, item in value.items():
                if fault := _unusable(key):
                    raise InvalidInput(".".join(map(str, path)) or "body", f"A field's name holds {fault}.")
                _refuse_unusable(item, (*path, key[:100]), depth + 1)
        case list():
            for index, item in enumerate(value):
                _refuse_unusable(item, (*path, index), depth + 1)


def _unusable(text: str) -> str | None:
    if "\0" in text:
        return "a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half of a surrogate pair"
    return None


def _too_deep() -> InvalidInput:
    return InvalidInput("body", f"The body is nested more than {MAX_DEPTH} levels deep.")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Of two fields with one name Python keeps the last, and the caller may have meant the first."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        repeated, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        field = "body" if not repeated or _unusable(repeated) else repeated[:100]
        raise InvalidInput(field, "This field is given more than once.")
    return fields


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidInput("body", "A number in the body is out of range.")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidInput("body", "NaN and Infinity are not JSON.")

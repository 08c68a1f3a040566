"""The OpenAPI document as a reader wants it: operations by subject, every field with its type and meaning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from app.api.examples import answer_of, curl_of

Json = Mapping[str, Any]

# What a newcomer needs first, in the order in which it is needed; the others follow as in the document.
TAUGHT_FIRST = ("createVideo", "getJob", "followJob", "getOutput", "cancelJob", "listJobs", "isReady")
QUOTED = re.compile(r'(?P<string>"(?:[^"\\]|\\.)*")(?P<colon>:)?')


@dataclass(frozen=True)
class Field:
    """One line of a table. `depth` counts the objects around it."""

    name: str
    type: str
    meaning: Markup
    is_required: bool
    depth: int


@dataclass(frozen=True)
class Answer:
    status: str
    meaning: Markup
    fields: list[Field]


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: Markup
    needs_key: bool
    parameters: list[Field]
    body_type: str | None
    body: list[Field]
    curl: str
    # More bodies than the one that `curl` sends: what each is for, and its JSON.
    examples: list[tuple[str, Markup]]
    # The status and the body of a good answer.
    example_answer: tuple[str, Markup] | None
    answers: list[Answer]


@dataclass(frozen=True)
class Subject:
    name: str
    description: str
    operations: list[Operation]


@dataclass(frozen=True)
class Reference:
    title: str
    version: str
    subjects: list[Subject]


def reference_of(document: Json) -> Reference:
    """Everything the page shows."""
    operations = [
        (operation["tags"][0], _operation(document, method, path, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    # Sorting keeps the order of those that are equal.
    operations.sort(key=lambda named: _lesson(named[1].id))
    subjects = [
        Subject(tag["name"], tag["description"], [found for name, found in operations if name == tag["name"]])
        for tag in document["tags"]
    ]
    info = document["info"]
    return Reference(info["title"], info["version"], subjects)


def _lesson(operation_id: str) -> int:
    return TAUGHT_FIRST.index(operation_id) if operation_id in TAUGHT_FIRST else len(TAUGHT_FIRST)


def _operation(document: Json, method: str, path: str, operation: Json) -> Operation:
    # Each of our operations reads one type of body, or none.
    bodies: Json = operation.get("requestBody", {}).get("content", {})
    body_type = next(iter(bodies), None)
    content: Json = {} if body_type is None else bodies[body_type]
    examples = [
        (example["summary"], colored_json(json.dumps(example["value"], ensure_ascii=False, indent=2)))
        for example in content.get("examples", {}).values()
    ]
    answer = answer_of(document, operation)
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=prose(operation.get("description", "")),
        needs_key=bool(operation.get("security")),
        parameters=[_parameter(parameter) for parameter in operation["parameters"]],
        body_type=body_type,
        body=list(_fields(document, content.get("schema", {}))),
        curl=curl_of(method, path, operation),
        examples=examples[1:],
        example_answer=None if answer is None else (answer[0], colored_json(answer[1])),
        answers=[_answer(document, status, answer) for status, answer in operation["responses"].items()],
    )


def _parameter(parameter: Json) -> Field:
    kind = f"{parameter['in']}, {_type(parameter['schema'])}"
    return Field(parameter["name"], kind, prose(parameter["description"]), parameter["required"], 0)


def _answer(document: Json, status: str, answer: Json) -> Answer:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {}) if status < "400" else {}
    # The envelope is explained once, at the top of the page.
    data = _resolved(document, schema).get("properties", {}).get("data", schema)
    return Answer(status, prose(answer["description"]), list(_fields(document, data)))


def _fields(document: Json, schema: Json, depth: int = 0) -> Iterator[Field]:
    """The fields of an object, each followed by those of the objects inside it."""
    resolved = _resolved(document, schema)
    for name, field in resolved.get("properties", {}).items():
        meaning = field.get("description", "")
        if "default" in field and field["default"] not in (None, [], {}):
            meaning += f" Default: `{field['default']}`."
        yield Field(name, _type(field), prose(meaning.strip()), name in resolved.get("required", ()), depth)
        for inside in _insides(field):
            yield from _fields(document, inside, depth + 1)


def _insides(field: Json) -> Iterator[Json]:
    """The objects that a field holds: itself, the entries of a list, any of several kinds."""
    if "$ref" in field:
        yield field
    for kind in field.get("anyOf", ()):
        yield from _insides(kind)
    if "items" in field:
        yield from _insides(field["items"])


def _type(schema: Json) -> str:
    """A type in a few words: `string`, `list of SceneRequest`, `word | line | off`, `integer or null`."""
    if "anyOf" in schema:
        return " or ".join(_type(kind) for kind in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("format") or schema.get("type", "any"))


def _resolved(document: Json, schema: Json) -> Json:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Json = document["components"]["schemas"][name] if name else schema
    return found


def prose(text: str) -> Markup:
    """Plain text with `code` between backticks, and blank lines between paragraphs, as HTML."""
    paragraphs = [
        re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(paragraph)))
        for paragraph in text.split("\n\n")
        if paragraph
    ]
    return Markup("".join(f"<p>{paragraph}</p>" for paragraph in paragraphs))


def colored_json(text: str) -> Markup:
    """JSON as HTML, its names and its strings marked; other text keeps its form and has its strings marked."""
    pieces: list[Markup] = []
    at = 0
    for quoted in QUOTED.finditer(text):
        kind = "name" if quoted["colon"] else "string"
        pieces += [
            escape(text[at : quoted.start()]),
            Markup('<span class="{}">{}</span>').format(kind, quoted["string"]),
        ]
        at = quoted.end("string")
    return Markup("").join([*pieces, escape(text[at:])])

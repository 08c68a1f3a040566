"""The signature of an effect's function, read from its source: what is checked before a job runs no code of it."""

from __future__ import annotations

import ast
from inspect import Parameter, Signature
from typing import Any


class _Written:
    """A default as the source writes it, where it is no plain value."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def signature_in(source: bytes, name: str) -> Signature | None:
    """Of the module's plain function `name`; None where it is imported, decorated or assigned, or cannot be read."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return None
    found = None
    for statement in body:
        if name in _bound_by(statement):
            found = statement
    if not isinstance(found, ast.FunctionDef) or found.decorator_list:
        return None
    try:
        return Signature(_parameters(found.args))
    except ValueError:
        return None


def _bound_by(statement: ast.stmt) -> set[str]:
    """The names that a statement of a module gives a new meaning to, in whatever it holds."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    nodes = list(ast.walk(statement))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    named = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    imported = {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    return stored | named | imported


def _parameters(arguments: ast.arguments) -> list[Parameter]:
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(placed) - len(arguments.defaults))
    found = []
    for number, (one, default) in enumerate(zip(placed, [*defaults, *arguments.defaults], strict=True)):
        is_placed_only = number < len(arguments.posonlyargs)
        kind = Parameter.POSITIONAL_ONLY if is_placed_only else Parameter.POSITIONAL_OR_KEYWORD
        found.append(_parameter(one, kind, default))
    if arguments.vararg is not None:
        found.append(_parameter(arguments.vararg, Parameter.VAR_POSITIONAL, None))
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(_parameter(one, Parameter.KEYWORD_ONLY, default))
    if arguments.kwarg is not None:
        found.append(_parameter(arguments.kwarg, Parameter.VAR_KEYWORD, None))
    return found


def _parameter(argument: ast.arg, kind: Any, default: ast.expr | None) -> Parameter:
    annotation = Parameter.empty if argument.annotation is None else ast.unparse(argument.annotation)
    return Parameter(argument.arg, kind, default=_value(default), annotation=annotation)


def _value(default: ast.expr | None) -> object:
    if default is None:
        return Parameter.empty
    try:
        value: object = ast.literal_eval(default)
    except ValueError:
        return _Written(ast.unparse(default))
    return value

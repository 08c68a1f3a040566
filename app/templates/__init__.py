"""The templates that ship with the product: one JSON file each, as a request may carry one.

Beside `app/fonts`, and like it data with a reader. What a template may hold is said in `app/domain/template.py`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def template_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def load_template(name: str) -> dict[str, Any]:
    """The template's JSON; KeyError when none of this name ships."""
    if name not in template_names():
        raise KeyError(name)
    template: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return template

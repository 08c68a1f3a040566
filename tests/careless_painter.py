"""A painter whose vendor quotes the key that it was sent, and whose adapter hands the answer on as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import urllib3

from app.domain.errors import ProviderRefused
from app.domain.states import Pool
from app.providers.protocols import PictureRequest

# As `tests.chat_vendor` reads a request.
QUESTION = {"messages": [{}, {"content": '{"subject": "a picture"}'}]}


class CarelessPainter:
    """Asks the vendor at `url` and fails with its words: foreseen, or with an exception that nobody foresaw."""

    name = "careless"
    version = "1"
    pool = Pool.CPU
    is_free = False

    def __init__(self, url: str, *, foreseen: bool) -> None:
        self._url = url
        self._foreseen = foreseen

    def paint(self, request: PictureRequest, out: Path, still_wanted: Callable[[], None]) -> None:
        answer = urllib3.request("POST", self._url, json=QUESTION, retries=False, timeout=10.0)
        said = f"The vendor answered {answer.status}: {answer.data.decode()}"
        raise ProviderRefused(said) if self._foreseen else RuntimeError(said)

"""`GET /api/voices`: what `language` and `voice` may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from apiflask import APIBlueprint
from flask import Response

from app.api.answers import success
from app.api.context import current_farm
from app.api.schemas import Language, Voices, VoicesAnswer

voices = APIBlueprint("voices", __name__, tag="Voices")


@runtime_checkable
class ListsVoices(Protocol):
    """A Voice that knows all of its own; a vendor with thousands may not."""

    def voices(self) -> Sequence[str]: ...

    def languages(self) -> Mapping[str, str]:
        """Each language tag with the language's name."""


@voices.get("/api/voices")
@voices.output(VoicesAnswer)
@voices.doc(operation_id="listVoices")
def index() -> Response:
    """List languages and voices"""
    voice = current_farm().voice
    if not isinstance(voice, ListsVoices):
        return success(Voices(provider=voice.name, languages=[], voices=[]))
    languages = [Language(tag=tag, name=name) for tag, name in sorted(voice.languages().items())]
    return success(Voices(provider=voice.name, languages=languages, voices=list(voice.voices())))

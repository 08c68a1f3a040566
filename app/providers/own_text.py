"""The caller's own text as a script: the writer that needs no key and changes no word.

Only what cannot be said or shown is left out, and the script's notes say what that was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.errors import InvalidInput, TooLarge
from app.domain.plain_words import count_words, has_words, overlong_token, refuse_unreadable
from app.domain.scene_cuts import cut_scenes, speech_s
from app.domain.script import Scene, Script
from app.domain.sentences import tokens_of
from app.domain.unspaced import joins_without_space
from app.domain.video import SceneInput
from app.providers.markdown_sections import Reading, read_markdown

MAX_WORDS = 20_000
MAX_TEXT_BYTES = 1_000_000
# An explicit scene stays one scene up to here: a picture that stands for longer bores everyone.
MAX_SCENE_S = 60.0


def script_from_text(text: str) -> Script:
    """Cut `text` (plain or Markdown) into scenes. Raises InvalidInput or TooLarge for the field `text`."""
    reading = _read(text, "text")
    scenes: list[Scene] = []
    for section in reading.sections:
        for index, words in enumerate(cut_scenes(section.paragraphs)):
            scenes.append(Scene(len(scenes) + 1, words, section.title if index == 0 else None))
    refuse_too_many_words(scenes, "text")
    return Script(reading.title, tuple(scenes), tuple(reading.notes))


@dataclass(frozen=True)
class SceneWords:
    """What a scene says, in one line; the heading that its text began with; notes of what was left out."""

    text: str
    heading: str | None
    notes: tuple[str, ...]


def scene_words(text: str, field: str) -> SceneWords:
    """`text` as the words of exactly one scene. Raises InvalidInput or TooLarge for `field`."""
    reading = _read(text, field)
    words = _words_of(_paragraphs_of(reading))
    length_s = speech_s(tokens_of(words))
    if length_s > MAX_SCENE_S:
        raise InvalidInput(
            field, f"This takes about {length_s:.0f} s to say; one scene may take {MAX_SCENE_S:.0f} s. Say less in it."
        )
    return SceneWords(words, reading.sections[0].title, tuple(reading.notes))


def script_from_scenes(given: Sequence[SceneInput]) -> Script:
    """One scene for each of `given`, its text cleaned as any other; one longer than MAX_SCENE_S is cut, with a note.

    Raises InvalidInput or TooLarge for the field `scenes` or `scenes.N.text` (N counts from 0).
    """
    if not given:
        raise InvalidInput("scenes", "At least one scene is needed.")
    # Each scene is small enough on its own long before ten thousand of them are.
    _refuse_too_large(sum(len(scene.text.encode(errors="replace")) for scene in given), "scenes")
    scenes: list[Scene] = []
    notes: list[str] = []
    for index, own in enumerate(given):
        reading = _read(own.text, f"scenes.{index}.text")
        notes += [f"Scene {index + 1}: {note}" for note in reading.notes]
        paragraphs = _paragraphs_of(reading)
        words = _words_of(paragraphs)
        length_s = speech_s(tokens_of(words))
        texts = [words] if length_s <= MAX_SCENE_S else cut_scenes(paragraphs)
        if len(texts) > 1:
            notes.append(f"Scene {index + 1} is about {length_s:.0f} s long and was cut into {len(texts)} scenes.")
        scene_title = clean_title(own.title, f"scenes.{index}.title") or reading.sections[0].title
        scenes += [
            Scene(
                len(scenes) + part,
                text,
                scene_title if part == 1 else None,
                image=own.image,
                background=own.background,
                video=own.video,
                effect=own.effect,
            )
            for part, text in enumerate(texts, start=1)
        ]
    refuse_too_many_words(scenes, "scenes")
    return Script(scenes[0].title, tuple(scenes), tuple(notes))


def _read(text: str, field: str) -> Reading:
    _refuse_too_large(len(text), field)
    refuse_unreadable(text, field)
    _refuse_too_large(len(text.encode()), field)
    reading = read_markdown(text)
    if not reading.sections:
        raise InvalidInput(field, _nothing_to_say(text, reading.found))
    tokens = [
        token for section in reading.sections for paragraph in section.paragraphs for token in tokens_of(paragraph)
    ]
    if monster := overlong_token(tokens):
        raise InvalidInput(field, f"One word of the text is {len(monster):,} characters long: nobody could say it.")
    return reading


def _paragraphs_of(reading: Reading) -> list[str]:
    """All paragraphs of an explicit scene; headings after its first are said, for one scene shows one title."""
    first, *rest = reading.sections
    paragraphs = list(first.paragraphs)
    for section in rest:
        if section.title and section.paragraphs[-1].rstrip(".") != section.title:
            paragraphs.append(f"{section.title}.")
        paragraphs += section.paragraphs
    return paragraphs


def _words_of(paragraphs: Sequence[str]) -> str:
    words = ""
    for paragraph in paragraphs:
        words += paragraph if not words or joins_without_space(words, paragraph) else f" {paragraph}"
    return words


def clean_title(title: str | None, field: str) -> str | None:
    """The title without its markup; None when no word is left. InvalidInput for what cannot be read."""
    if not title:
        return None
    refuse_unreadable(title, field)
    reading = read_markdown(title)
    words = " ".join(paragraph for section in reading.sections for paragraph in section.paragraphs)
    return words if has_words(words) else None


def _nothing_to_say(text: str, found: Counter[str]) -> str:
    if not text.strip():
        return "The text is empty."
    if not found:
        return "The text has no letter and no digit: there is nothing to say."
    things = ", ".join(
        f"{count} {name}{'s' if count > 1 and name != 'emoji' else ''}" for name, count in found.items() if count
    )
    return (
        f"There is nothing to say in the text: it holds only {things}." if things else _nothing_to_say(text, Counter())
    )


def _refuse_too_large(size_bytes: int, field: str) -> None:
    if size_bytes > MAX_TEXT_BYTES:
        raise TooLarge(
            f"The text is {size_bytes:,} bytes long; at most {MAX_TEXT_BYTES:,} are accepted.",
            field=field,
            limit_bytes=MAX_TEXT_BYTES,
        )


def refuse_too_many_words(scenes: Sequence[Scene], field: str) -> None:
    """InvalidInput for `field` when the scenes together say more than a video may."""
    words = sum(count_words(scene.text) for scene in scenes)
    if words > MAX_WORDS:
        raise InvalidInput(
            field, f"The text has {words:,} words; at most {MAX_WORDS:,} are accepted.", limit_words=MAX_WORDS
        )

"""Which languages and voice variants espeak-ng has, read from its data files: the library itself is not loaded."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import espeakng_loader

from app.domain.errors import InvalidInput

MAX_NEAR = 5
# Of `difflib`'s ratio: below it a match shares a few letters with what was asked for by chance.
LIKENESS_FLOOR = 0.6
SHORT_LIKENESS_FLOOR = 0.5  # of two letters one is half: `f9` is like `f5`
# What people write for a language whose data file says it otherwise.
_COMMON_NAMES = dict(
    pair.split("=")
    for pair in (
        "english=en american=en-us british=en-gb french=fr francais=fr français=fr german=de deutsch=de spanish=es "
        "espanol=es español=es castellano=es portuguese=pt português=pt brazilian=pt-br italiano=it chinese=cmn "
        "mandarin=cmn cantonese=yue japanese=ja korean=ko norwegian=nb nederlands=nl flemish=nl svenska=sv dansk=da "
        "suomi=fi polski=pl farsi=fa русский=ru українська=uk ελληνικά=el 中文=cmn 日本語=ja"
    ).split()
)
# Country codes that people take for language codes, and older codes.
_COMMON_CODES = {
    "jp": "ja",
    "cn": "cmn",
    "ua": "uk",
    "gr": "el",
    "cz": "cs",
    "dk": "da",
    "se": "sv",
    "no": "nb",
    "iw": "he",
}


@dataclass(frozen=True)
class Language:
    """`name` is for people; `file` is how the library finds it, whichever of its tags was asked for."""

    name: str
    file: str


@dataclass(frozen=True)
class Catalogue:
    """`languages` by tag in small letters; `variants` are the names of the voices."""

    languages: dict[str, Language]
    variants: tuple[str, ...]


@cache
def catalogue() -> Catalogue:
    data_folder = Path(espeakng_loader.get_data_path())
    languages: dict[str, Language] = {}
    for file in sorted((data_folder / "lang").rglob("*")):
        if file.is_file():
            name, tags, dictionary = _read_language(file)
            # The wheel lists a few languages without their dictionary; the library crashes when it speaks them.
            if (data_folder / f"{dictionary}_dict").is_file():
                for tag in tags:
                    languages.setdefault(tag, Language(name, file.relative_to(data_folder / "lang").as_posix()))
    variants = sorted(file.name for file in (data_folder / "voices" / "!v").iterdir() if file.is_file())
    return Catalogue(languages, tuple(variants))


def _read_language(file: Path) -> tuple[str, list[str], str]:
    """The `name`, the `language` lines and the dictionary of a language file; some comments in it are not UTF-8."""
    name, tags, dictionary = file.name, [], ""
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.strip().partition(" ")
        values = value.split()
        if key == "name":
            name = value.strip()
        elif key == "language" and values:
            tags.append(values[0].lower())
        elif key == "dictionary" and values:
            dictionary = values[0]
    return name, tags, dictionary or (tags[0].split("-")[0] if tags else "")


def language_tag(language: str) -> str:
    """espeak-ng's tag for what the caller wrote: `en_US` → `en-us`, `de-DE` → `de`.

    Raises InvalidInput, whose `near` lists up to five tags that may have been meant.
    """
    tags = catalogue().languages
    wanted = language.strip().lower().replace("_", "-")
    # A region or a script that espeak-ng does not tell apart (de-AT, zh-Hans) falls back to the language.
    head = wanted.split("-")[0]
    for candidate in (wanted, head):
        candidate = _COMMON_CODES.get(candidate, candidate)
        if candidate in tags:
            # English of no country is spoken as in America: its own file says the same with an older accent.
            return "en-us" if candidate == "en" else candidate
    near = near_languages(wanted)
    fault = "No voice speaks this language." if wanted else "The language is empty."
    raise InvalidInput("language", f"{fault} {_where_to_look(near)}", near=near)


def variant_name(voice: str) -> str:
    """The variant as espeak-ng spells it; raises InvalidInput with up to five near matches."""
    variants = catalogue().variants
    if voice in variants:
        return voice
    folded = {variant.lower(): variant for variant in reversed(variants)}
    if voice.strip().lower() in folded:
        return folded[voice.strip().lower()]
    wanted = voice.strip().lower()
    floor = LIKENESS_FLOOR if len(wanted) > 2 else SHORT_LIKENESS_FLOOR
    near = [folded[match] for match in difflib.get_close_matches(wanted, folded, MAX_NEAR, cutoff=floor)]
    fault = "There is no such voice." if wanted else "The voice is empty."
    raise InvalidInput("voice", f"{fault} {_where_to_look(near)}", near=near)


def near_languages(wanted: str) -> list[str]:
    """Up to five tags, or none: by common name, then by beginning, then by likeness of tag or name."""
    tags = catalogue().languages
    found = [_COMMON_NAMES[wanted]] if wanted in _COMMON_NAMES else []
    word = wanted.replace("-", " ")
    # The shortest tags first: the plain language before its dialects.
    found += sorted((tag for tag, language in tags.items() if word and language.name.lower().startswith(word)), key=len)
    found += sorted((tag for tag in tags if tag.split("-")[0] == wanted.split("-")[0]), key=len)
    names = {language.name.lower().split(" (")[0]: tag for tag, language in reversed(tags.items())}
    by_name = difflib.get_close_matches(word, names, MAX_NEAR, cutoff=0.7)
    found += [names[name] for name in by_name]
    found += [_COMMON_NAMES[name] for name in difflib.get_close_matches(word, _COMMON_NAMES, 2, cutoff=0.7)]
    found += difflib.get_close_matches(wanted, tags, MAX_NEAR, cutoff=0.6)
    return list(dict.fromkeys(found))[:MAX_NEAR]


def _where_to_look(near: list[str]) -> str:
    """The near matches; where there is none, a guess would mislead and the whole list helps."""
    if near:
        return f"Near matches: {', '.join(near)}."
    return "GET /api/voices and --list-voices list all languages and voices."

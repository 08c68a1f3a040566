"""Which characters captions can draw, each in the typeface of its script.

Pictographs that no face has (emoji above all) are left out of the drawing; every other missing character
is an error that names its script and what to install, for a viewer would see an empty box.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from PIL import ImageFont

from app.domain.clusters import clusters_of
from app.domain.errors import MissingGlyphs
from app.domain.scripts import Script, script_of
from app.typography.typefaces import Face, european, face_for, font_of, package_for

PROBE_PX = 24
# Never assigned to a character, so it always draws the box that stands for a missing one.
NO_CHARACTER = "\U0010fffe"
EMOJI_PLANE = range(0x1F000, 0x1FB00)
# They shape the letters beside them: Persian and Indic scripts are misspelt without.
JOIN_CONTROLS = "\u200c\u200d"
_JOINED_SCRIPTS = frozenset(
    {Script.ARABIC, Script.DEVANAGARI, Script.BENGALI, Script.GURMUKHI, Script.GUJARATI, Script.TAMIL, Script.TELUGU}
    | {Script.KANNADA, Script.MALAYALAM, Script.SINHALA}
)


def caption_font(size_px: float) -> ImageFont.FreeTypeFont:
    return font_of(european(), size_px)


def drawable(text: str) -> str:
    """`text` as it can be drawn: composed, without emoji, control and format characters. May be empty.

    A character that only its compatibility form has a glyph for (𝐛, ﬀ) is drawn in that form.
    Raise MissingGlyphs, naming the characters, when others have none.
    """
    drawn: list[str] = []
    for char in unicodedata.normalize("NFC", text):
        if char in JOIN_CONTROLS:
            drawn.append(char if drawn and script_of(drawn[-1][-1]) in _JOINED_SCRIPTS else "")
        else:
            drawn.append(_drawn_as(char))
        if not drawn[-1]:
            drawn.pop()
    shown = "".join(drawn)
    missing = sorted({char for char in shown if char not in JOIN_CONTROLS and not _is_drawable(char)})
    if missing:
        raise missing_glyphs(missing)
    return shown


def check_glyphs(texts: Iterable[str]) -> None:
    """Raise MissingGlyphs, naming all characters of `texts` that captions cannot show, if there are any."""
    missing: set[str] = set()
    for text in texts:
        try:
            drawable(text)
        except MissingGlyphs as error:
            missing.update(error.details["characters"])
    if missing:
        raise missing_glyphs(sorted(missing))


def missing_glyphs(characters: Sequence[str]) -> MissingGlyphs:
    named = ", ".join(f"{char} ({unicodedata.name(char, 'unnamed')}, U+{ord(char):04X})" for char in characters[:10])
    more = f" and {len(characters) - 10} more" if len(characters) > 10 else ""
    return MissingGlyphs(
        f"the caption fonts have no glyph for {named}{more}{advice_for(characters)}", characters=list(characters)
    )


def advice_for(characters: Sequence[str]) -> str:
    """`. For Han and Kana install …`; empty where no font would help."""
    packages: dict[str, list[str]] = {}
    for script in sorted({script_of(char) for char in characters} - {Script.COMMON, Script.EUROPEAN}):
        packages.setdefault(package_for(script), []).append(script.value)
    return "".join(f". For {' and '.join(names)} {package}" for package, names in packages.items())


def faces_of(text: str, language: str, main: Face | None = None) -> list[tuple[str, Face]]:
    """`text` (drawable) cut where the typeface changes. What is common to all scripts stays with what is beside it.

    `main` is for the European scripts, Inter by default.
    """
    main = main or european()
    if text.isascii():
        return [(text, main)]
    own = {Script.EUROPEAN: main, Script.COMMON: main}

    def face_in(script: Script) -> Face:
        return own.get(script) or face_for(script, language) or european()

    beside = face_in(next((script for char in text if (script := script_of(char)) != Script.COMMON), Script.EUROPEAN))
    runs: list[tuple[str, Face]] = []
    for cluster in clusters_of(text):
        script = script_of(cluster[0])
        wanted = beside if script == Script.COMMON else face_in(script)
        face = wanted if _has_glyphs(wanted, cluster) else _another_face(cluster, language) or wanted
        beside = face
        if runs and runs[-1][1] == face:
            runs[-1] = (runs[-1][0] + cluster, face)
        else:
            runs.append((cluster, face))
    return runs


def main_face(text: str, wishes: Sequence[Face]) -> Face:
    """The first of `wishes` that has all of `text` (drawable) but what is in a script with a face of its own."""
    plain = [cluster for cluster in clusters_of(text) if script_of(cluster[0]) in (Script.EUROPEAN, Script.COMMON)]
    return next((face for face in wishes if all(_has_glyphs(face, cluster) for cluster in plain)), wishes[-1])


def _another_face(cluster: str, language: str) -> Face | None:
    """The first that has the cluster; Inter, which is European's and common's, before all others."""
    faces = (face_for(script, language) for script in Script)
    return next((face for face in faces if face is not None and _has_glyphs(face, cluster)), None)


@lru_cache(maxsize=8192)
def _drawn_as(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category in ("Cc", "Cf", "Zl", "Zp", "Cs"):
        return ""
    if _is_drawable(char):
        return char
    is_pictograph = category == "So" or ord(char) in EMOJI_PLANE or char in "\ufe0e\ufe0f\u20e3"
    return "" if is_pictograph else unicodedata.normalize("NFKC", char)


@lru_cache(maxsize=8192)
def _is_drawable(char: str) -> bool:
    return _another_face(char, "") is not None


@lru_cache(maxsize=32768)
def _has_glyphs(face: Face, cluster: str) -> bool:
    """Whether the face has every character of the cluster."""
    font = font_of(face, PROBE_PX)
    box = bytes(font.getmask(NO_CHARACTER))
    return all(bytes(font.getmask(char)) != box for char in cluster if char not in JOIN_CONTROLS)

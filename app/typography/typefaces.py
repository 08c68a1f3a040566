"""The captions' typefaces: one for each script, shipped with the product or found on the machine.

Inter has Latin, Greek and Cyrillic; Noto Sans for Arabic, Hebrew, Devanagari and Thai ships beside it. Han, kana and
Hangul come from the wheel `justmytype-intl-cjk` (the extra `cjk`: 30 MB, SIL Open Font License) or, like every other
script, from the fonts of the system.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from app.domain.scripts import CJK, Script, scripts_in
from app.domain.typeface import Typeface
from app.fonts import FILES, font_path

WEIGHT = 800
CJK_PACK = "justmytype_intl_cjk"
SHIPPED = {
    Script.EUROPEAN: FILES[Typeface.INTER],
    Script.ARABIC: "NotoSansArabic-ExtraBold.ttf",
    Script.HEBREW: "NotoSansHebrew-ExtraBold.ttf",
    Script.DEVANAGARI: "NotoSansDevanagari-ExtraBold.ttf",
    Script.THAI: "NotoSansThai-ExtraBold.ttf",
}
# Of a size at which Inter suits a frame: the narrow one is set larger, and still takes less width.
SIZE_SCALE = {Typeface.INTER: 1.0, Typeface.MANROPE: 1.0, Typeface.FRAUNCES: 1.08, Typeface.SOFIA: 1.35}
# Where fontconfig, macOS and Windows keep fonts.
FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
    "C:/Windows/Fonts",
)
# The forms of Han: as in simplified and traditional Chinese, Japanese and Korean. Their number in Noto's collections.
_COLLECTION_INDEX = {"JP": 0, "KR": 1, "SC": 2, "TC": 3}
_SYSTEM_CJK = {
    "JP": ("NotoSansJP-Bold.otf", "YuGothB.ttc", "meiryob.ttc", "ipaexg.ttf"),
    "KR": ("NotoSansKR-Bold.otf", "AppleSDGothicNeo.ttc", "malgunbd.ttf", "NanumGothicBold.ttf"),
    "SC": ("NotoSansSC-Bold.otf", "Hiragino Sans GB.ttc", "msyhbd.ttc", "wqy-zenhei.ttc", "wqy-microhei.ttc"),
    "TC": ("NotoSansTC-Bold.otf", "msjhbd.ttc"),
}


@dataclass(frozen=True)
class Face:
    """A font file; `weight` is set where the file has all of them, `index` counts the faces of a collection."""

    path: str
    index: int = 0
    weight: int | None = None

    @property
    def is_shipped(self) -> bool:
        return Path(self.path).parent == font_path(SHIPPED[Script.EUROPEAN]).parent


@cache
def face_of(typeface: Typeface) -> Face:
    """The typeface that a look asks for."""
    return Face(str(font_path(FILES[typeface])))


def european() -> Face:
    return face_of(Typeface.INTER)


@lru_cache(maxsize=256)
def font_of(face: Face, size_px: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(face.path, size_px, index=face.index)
    if face.weight is not None:
        font.set_variation_by_axes([face.weight])
    return font


@cache
def face_for(script: Script, language: str) -> Face | None:
    """The typeface for a script, or None when there is none here. `language` chooses among the forms of Han."""
    if script in SHIPPED:
        return Face(str(font_path(SHIPPED[script])))
    if script == Script.COMMON:
        return european()
    if script in CJK:
        return next(_cjk_faces(han_form(script, language)), None)
    name = script.value
    wanted = [f"NotoSans{name}-{weight}.ttf" for weight in ("ExtraBold", "Black", "Bold", "Regular")]
    return next((Face(path) for file in [*wanted, "DejaVuSans-Bold.ttf"] if (path := _installed().get(file))), None)


def han_form(script: Script, language: str) -> str:
    """`JP`, `KR`, `SC` or `TC`: which form of a Han character a reader of `language` expects."""
    tag = language.lower().replace("_", "-")
    primary = tag.split("-")[0]
    if script == Script.KANA or primary in ("ja", "jp"):
        return "JP"
    if script == Script.HANGUL or primary == "ko":
        return "KR"
    return "TC" if primary in ("yue", "hak") or tag.endswith(("-hant", "-tw", "-hk", "-mo")) else "SC"


def found_fonts(texts: Iterable[str], language: str) -> dict[str, str]:
    """What identifies each font that `texts` need and that does not ship with the product, by script."""
    faces = ((script, face_for(script, language)) for script in sorted(scripts_in(texts)))
    return {script.value: identity_of(face) for script, face in faces if face is not None and not face.is_shipped}


def package_for(script: Script) -> str:
    """What to install for a script that no font here can draw."""
    if script in CJK:
        return "install the extra `sceneworks[cjk]`, or a system package such as fonts-noto-cjk"
    return "install a system package such as fonts-noto-core"


@cache
def identity_of(face: Face) -> str:
    """What tells the file of a font from another of the same name: its SHA-256, shortened."""
    with open(face.path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{digest[:16]}:{face.index}:{face.weight or ''}"


def _cjk_faces(form: str) -> Iterator[Face]:
    """The faces of a form that are here, the best first."""
    pack = find_spec(CJK_PACK)
    for folder in (pack.submodule_search_locations or []) if pack else []:
        path = Path(folder, "fonts", "ofl", f"notosans{form.lower()}", f"NotoSans{form}[wght].ttf")
        if path.is_file():
            yield Face(str(path), weight=WEIGHT)
    for weight in ("Black", "Bold", "Regular"):
        if collection := _installed().get(f"NotoSansCJK-{weight}.ttc"):
            yield Face(collection, index=_COLLECTION_INDEX[form])
    yield from (Face(found) for name in _SYSTEM_CJK[form] if (found := _installed().get(name)))


@cache
def _installed() -> dict[str, str]:
    """The paths of the system's fonts by file name."""
    return {
        name: os.path.join(folder, name)
        for top in FONT_FOLDERS
        for folder, _, names in os.walk(os.path.expanduser(top))
        for name in sorted(names)
    }

"""Characters that may be spoken and shown: everything else is folded into them, left out, or refused.

`fold` works on whole texts and keeps their lines; `without_pictographs` counts what it leaves out, so that
the caller can tell the author.
"""

from __future__ import annotations

import re
import unicodedata

from app.domain.errors import InvalidInput
from app.domain.scripts import Script, script_of

# More control characters than this share of a text mean that it is no text.
MAX_CONTROL_SHARE = 0.01
# Longer than any word of prose; only unspaced scripts write such runs, and they are parted elsewhere.
MAX_TOKEN_CHARS = 200
# What ends a sentence, by the script of its last letter; in all others it is a full stop.
_STOPS = {
    **dict.fromkeys((Script.HAN, Script.KANA), "。"),
    **dict.fromkeys((Script.DEVANAGARI, Script.BENGALI, Script.GURMUKHI), "।"),
    # Their sentences end in a space.
    **dict.fromkeys((Script.THAI, Script.LAO), ""),
    Script.KHMER: "។",
    Script.MYANMAR: "။",
}

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_ENDS = re.compile("\r\n?|[\x85\u2028]")
_PARAGRAPH_ENDS = re.compile("[\x0b\x0c\u2029]")
_SPACES = re.compile("[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# Embeddings, overrides and isolates can show words in another order than they are spoken; the marks and
# joiners of a single letter (U+200C, U+200D) are spelling in Persian and Indic scripts.
_INVISIBLE = re.compile(
    "[\xad\u034f\u061c\u180e\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd\U000e0000-\U000e0fff]"
)
_JOINERS = re.compile("(?<![\u0600-\u08ff\u0900-\u0dff\u1000-\u109f])[\u200c\u200d]+")
_UNSPACED_SCRIPTS = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{_UNSPACED_SCRIPTS}]")
# Letters in fancy dress: mathematical alphabets, ligatures, full-width Latin.
_DRESSED_LETTERS = re.compile("[\ufb00-\ufb06\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff]")
_RULES = re.compile(r"([-=_*~#+|.·•])\1{4,}")
_BULLETS = re.compile(r"^([ ]*)[•‣◦▪●⁃][ ]+", re.MULTILINE)
_BLANK_LINES = re.compile(r"^ +$", re.MULTILINE)
_KEYCAP = re.compile("([0-9#*])\ufe0f?\u20e3")
# Emoji with their modifiers, dingbats, box drawing, private use: no voice says them and no caption font has them.
_PICTOGRAPH = (
    "[\u2300-\u243f\u2500-\u27bf\u2b00-\u2bff\u3030\u303d\ue000-\uf8ff\U0001f000-\U0001faff\U000f0000-\U0010ffff]"
)
_MODIFIERS = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]*"
_PICTOGRAPHS = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|{_PICTOGRAPH}{_MODIFIERS}(?:\u200d{_PICTOGRAPH}{_MODIFIERS})*")
# Where one stood, until it is known whether a space belongs there; the text itself has no such character.
_LEFT_OUT = "\0"
_BEFORE_PUNCTUATION = re.compile("(?<![ \0])[ \0]*\0(?=[.,;:!?…)\\]}”’])")
_AFTER_OPENING = re.compile("(?<=[(\\[{“‘¿¡])\0[ \0]*")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f\u20e3]|(?<=\\s)[\u200c\u200d]+")
# Where no space stands after an address, the first letter of such a script ends it: what follows is the sentence.
_NO_ADDRESS = rf"\s<>\"“”«»{_UNSPACED_SCRIPTS}\u1100-\u11ff\uac00-\ud7ff\uff01-\uff65"
_URL = re.compile(rf"(?:[a-z][a-z0-9+.-]{{1,15}}://|(?<![a-z0-9])www\.)[^{_NO_ADDRESS}]+", re.IGNORECASE)


def refuse_unreadable(text: str, field: str) -> None:
    """Raise InvalidInput when `text` cannot be text: lone surrogates, or binary data that was decoded."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            field, f"The text is not valid Unicode: a lone surrogate stands at character {error.start + 1}."
        ) from None
    controls = len(_CONTROLS.findall(text)) + text.count("\ufffd")
    if controls > MAX_CONTROL_SHARE * len(text) + 2:
        raise InvalidInput(
            field, f"This looks like binary data, not text: {controls} characters of it are unprintable."
        )


def fold(text: str) -> str:
    """The same text in NFC with plain line ends, plain spaces and no invisible characters. Lines keep their numbers."""
    text = _LINE_ENDS.sub("\n", text)
    # A form feed ends a paragraph without being a line of its own in anyone's editor.
    text = _PARAGRAPH_ENDS.sub("\n\n", text) if text.strip("\x0b\x0c\u2029 \n") else ""
    text = _SPACES.sub(" ", text)
    text = _INVISIBLE.sub("", _CONTROLS.sub("", text))
    # Khmer and Thai authors mark the ends of words with it: a dictionary finds these too, and nobody sees a space.
    text = text.replace("\u200b", "")
    text = _DRESSED_LETTERS.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)
    return _BLANK_LINES.sub("", _BULLETS.sub(r"\1- ", unicodedata.normalize("NFC", text)))


def without_pictographs(text: str) -> tuple[str, int]:
    """`text` with a space for each emoji or pictograph, none before punctuation (`much 👍!`), and how many there were.

    Punctuation that the author set apart (French `Bravo 👍 !`) stays apart.
    """
    plain = _KEYCAP.sub(r"\1", text.replace(_LEFT_OUT, " "))
    text, count = _PICTOGRAPHS.subn(_LEFT_OUT, plain)
    text = _JOINERS.sub("", _VARIATION_SELECTORS.sub("", text))
    text = _AFTER_OPENING.sub("", _BEFORE_PUNCTUATION.sub("", text))
    return text.replace(_LEFT_OUT, " "), count


def without_rules(text: str) -> str:
    """`text` without lines drawn in characters: `=====`, dot leaders, blanks to fill in."""
    return _RULES.sub(" ", text)


def with_spoken_urls(text: str) -> str:
    """Addresses read as their host: nobody listens to a path."""
    return _URL.sub(lambda match: _host_of(match.group()), text)


def _host_of(url: str) -> str:
    bare = url.rstrip(".,;:!?)]}'’*")
    host, _, path = bare.split("://")[-1].partition("/")
    # An account or a port is no part of the name. A file has no host: its own name says more.
    host = re.split(r"[?#]", host.rpartition("@")[2])[0].partition(":")[0].removeprefix("www.")
    return (host or path.rstrip("/").rpartition("/")[2] or bare) + url[len(bare) :]


def has_words(text: str) -> bool:
    """Whether there is a letter or a digit in it: something to say."""
    return any(char.isalnum() for char in text)


def with_stop(text: str) -> str:
    """`text` ending in punctuation, so that speech pauses there; the stop fits the script of its last letter."""
    last = text.rstrip("\"'”’»)]}」』")[-1:]
    if not last or not (last.isalnum() or last in "%°€$£+*/_|&#@=" or unicodedata.category(last).startswith("M")):
        return text
    letters = (char for char in reversed(text) if script_of(char) != Script.COMMON)
    return text + _STOPS.get(script_of(next(letters, last)), ".")


def overlong_token(tokens: list[str]) -> str | None:
    """The first token that no prose holds: more than MAX_TOKEN_CHARS in a script that writes spaces."""
    for token in tokens:
        if len(token) > MAX_TOKEN_CHARS and len(_UNSPACED.findall(token)) < len(token) // 4:
            return token
    return None


def count_words(text: str) -> int:
    """Words as a listener counts them; two characters of an unspaced script are about a word."""
    return sum(max(1, len(_UNSPACED.findall(token)) // 2) for token in text.split())

"""Text in capitals as its language writes them; for pictures only, never for subtitle files.

Python's `str.upper` is Unicode's default mapping (ß to SS, ŉ to ʼN). What depends on the language is here,
after the Unicode Standard, SpecialCasing.txt, and CLDR's upper-case transforms.
"""

from __future__ import annotations

import unicodedata

TURKIC = frozenset({"tr", "az", "crh"})
# In these languages the dotless and the dotted i are two letters.
_TURKIC_I = str.maketrans({"i": "İ", "ı": "I"})
_GREEK_ACCENTS = "\u0300\u0301\u0342\u0313\u0314"
_DIAERESIS = "\u0308"
_DOT_ABOVE = "\u0307"
_SOFT_DOTTED = "ijįIJĮ"


def in_capitals(text: str, language: str) -> str:
    """`text`, a word or a line, in capitals by the rules of `language` (a tag such as `tr` or `en-us`)."""
    tag = language.lower().replace("_", "-")
    primary = tag.split("-")[0]
    if primary in TURKIC:
        # A dot that was typed apart belongs to the letter already.
        return _upper(unicodedata.normalize("NFC", text).replace("i" + _DOT_ABOVE, "İ").translate(_TURKIC_I))
    if primary == "lt":
        return _upper(_without_soft_dots(text))
    if primary in ("el", "grc"):
        return " ".join(_greek(word) for word in text.split(" "))
    if primary == "hy":
        return _upper(text.replace("և", "եվ"))
    return _upper(text)


def depends_on_language(language: str) -> bool:
    """Whether capitals in this language differ from those of a text in no language at all."""
    return language.lower().replace("_", "-").split("-")[0] in TURKIC | {"lt", "el", "grc", "hy"}


def _upper(text: str) -> str:
    # Georgian has had capitals since Unicode 11, for titles; few readers and fewer fonts know them.
    return "".join(char if "ა" <= char <= "ჿ" else char.upper() for char in text)


def _without_soft_dots(text: str) -> str:
    """Lithuanian keeps the dot of an accented i; a capital has none to keep."""
    kept: list[str] = []
    for char in unicodedata.normalize("NFD", text):
        if char == _DOT_ABOVE and kept:
            base = next((before for before in reversed(kept) if not unicodedata.combining(before)), "")
            if base in _SOFT_DOTTED:
                continue
        kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


def _greek(word: str) -> str:
    """Greek capitals carry no accents, but the lone ή (or) keeps its own, and a parted diphthong shows its parting."""
    letters = [char for char in word if char.isalpha() or unicodedata.combining(char)]
    if unicodedata.normalize("NFC", "".join(letters)) in ("ή", "Ή"):
        return word.upper()
    out: list[str] = []
    accented = False
    for cluster in _marked_letters(unicodedata.normalize("NFD", word)):
        base, marks = cluster[0], cluster[1:]
        if not unicodedata.name(base, "").startswith("GREEK"):
            out.append(cluster.upper())
            accented = False
            continue
        kept = "".join(mark for mark in marks if mark not in _GREEK_ACCENTS)
        # άι was read apart by its accent alone; without it a diaeresis does that.
        if accented and base.lower() in "ιυ" and not marks:
            kept = _DIAERESIS
        out.append(base.upper() + kept.upper())
        accented = base.lower() in "αεου" and any(mark in _GREEK_ACCENTS[:3] for mark in marks)
    return unicodedata.normalize("NFC", "".join(out))


def _marked_letters(decomposed: str) -> list[str]:
    """Each letter with the marks that follow it."""
    found: list[str] = []
    for char in decomposed:
        if found and unicodedata.combining(char):
            found[-1] += char
        else:
            found.append(char)
    return found

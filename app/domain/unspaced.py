"""Scripts without spaces: the phrases that a reader takes in one look, between which lines may end.

Japanese is cut into bunsetsu by BudouX, all others into the words of ICU's dictionaries: Chinese, Thai, Lao, Khmer and
Burmese. Neither may cut where a line may not end: by the rules of Unicode (UAX #14) and by kinsoku (JIS X 4051; W3C,
Requirements for Japanese Text Layout, §3.1.7 and §3.1.8), nor inside a Latin word, a figure or an address.
docs/decisions/0017 says why these two libraries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate, pairwise

from budoux import Parser, load_default_japanese_parser
from icu4py.breakers import LineBreaker, WordBreaker

from app.domain.clusters import clusters_of
from app.domain.scripts import UNSPACED, Script, is_cjk, script_of

# Small kana, marks of length and repetition, closing brackets, stops.
NEVER_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々〻ー゠–〜～…‥’”）〕］｝〉》」』】〙〗〟｠»)]},.!?:;%％‰℃°"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ｡｣､･ｧｨｩｪｫｬｭｮｯｰﾞﾟ"
    "ๆฯะาำๅໆຯ។៕ៗ၊။।"
)
NEVER_LAST = frozenset("‘“（〔［｛〈《「『【〘〖〝｟«([{¥￥$＄£￡€#＃№")
# Chinese particles, and places such as `上`, lean on the word before them: the dictionary lists them alone, but no
# reader pauses there.
_LEANING = frozenset("的了过過着著吗嗎呢吧们們上里裡中内內")

# Thai and Lao syllables that make a noun of what follows (`นัก` + `วิทยาศาสตร์`): the dictionary lists them alone too.
_PREFIXES = frozenset("นัก การ ความ ผู้ ชาว ນັກ ການ ຄວາມ ຜູ້ ຊາວ".split())
# Scripts that write a space where others have a comma or a stop.
_SPACE_PAUSES = frozenset({Script.THAI, Script.LAO, Script.KHMER, Script.MYANMAR})


def is_unspaced(text: str) -> bool:
    """Whether spaces do not tell where lines may end: letters of such a script, or their punctuation between others."""
    return any(script_of(char) in UNSPACED or is_cjk(char) for char in text)


def is_japanese(texts: Iterable[str]) -> bool:
    """Whether Han in `texts` is read as Japanese: where kana stands beside it, however far away."""
    return any(script_of(char) == Script.KANA for text in texts for char in text)


def joins_without_space(before: str, after: str) -> bool:
    """Whether no space belongs between two texts that a line break parts: Han, kana and their punctuation meet."""
    return bool(before and after) and is_cjk(before[-1]) and is_cjk(after[0])


def pauses_between(before: str, after: str) -> bool:
    """Whether the space between two words stands for a comma or a stop, as in Thai; not beside a name or a figure."""
    return bool(before and after) and {script_of(before[-1]), script_of(after[0])} <= _SPACE_PAUSES


def phrases_of(text: str, *, japanese: bool) -> list[str]:
    """`text`, of one script or of several, cut into phrases. None begins or ends with what no line may."""
    ends = line_ends(text)
    phrases: list[str] = []
    at = 0
    for found in _bunsetsu().parse(text) if japanese else _words(text):
        if at in ends and phrases[-1] not in _PREFIXES and not _leans(text[at - 1], found, japanese=japanese):
            phrases.append(found)
        elif phrases:
            phrases[-1] += found
        else:
            phrases = [found]
        at += len(found)
    return phrases


def word_ends(text: str) -> frozenset[int]:
    """The places in `text` where a word of a dictionary ends: of Japanese too, whose phrases are longer."""
    return frozenset(accumulate(map(len, _words(text))))


def line_ends(text: str) -> frozenset[int]:
    """The places in `text` (characters before them) where a line may end, though a word may go on; not its own end.

    Never inside Latin words, figures and addresses.
    """
    text = _with_paired_quotes(text)
    # Strict: small kana and the mark of length stay with what is before them.
    by_unicode = frozenset(accumulate(map(len, LineBreaker(text, "ja@lb=strict"))))
    by_cluster = accumulate(map(len, clusters_of(text)))
    return frozenset(
        at
        for at in by_cluster
        if at < len(text)
        and (at in by_unicode or _changes_script(text[at - 1], text[at]) or _is_quoted(text[at - 1], text[at]))
        and _may_part(text[at - 1], text[at])
    )


def _changes_script(before: str, after: str) -> bool:
    """Between Thai and Latin letters Unicode wants a space; not every author writes one."""
    scripts = (script_of(before), script_of(after))
    return Script.EUROPEAN in scripts and any(script in UNSPACED for script in scripts)


def _with_paired_quotes(text: str) -> str:
    """`text` with straight quotation marks as those that open and close, by turns, if there are as many of each."""
    if text.count('"') % 2:
        return text
    parts = text.split('"')
    return "".join(part + "“”"[number % 2] for number, part in enumerate(parts[:-1])) + parts[-1]


def _is_quoted(before: str, after: str) -> bool:
    """Outside a quotation mark. Unicode cannot tell which way it points, but where no space stands it is clear."""
    return after in "“‘" or (before in "”’" and script_of(after) in UNSPACED)


def _words(text: str) -> Iterator[str]:
    changes = (at for at in range(1, len(text)) if _changes_script(text[at - 1], text[at]))
    for first, end in pairwise([0, *changes, len(text)]):
        # Whatever the language it is asked for: the dictionary is that of each script.
        yield from WordBreaker(text[first:end], "zh")


def _may_part(before: str, after: str) -> bool:
    if after in NEVER_FIRST or before in NEVER_LAST:
        return False
    return not (_is_latin(before) and _is_latin(after))


def _is_latin(char: str) -> bool:
    return (char.isascii() and char != " ") or char in "’–" or script_of(char) == Script.EUROPEAN


def _leans(before: str, found: str, *, japanese: bool) -> bool:
    """Whether a phrase is read as one with what is before it: a particle, or what a figure counts."""
    if before.isdigit() and script_of(found[0]) == Script.HAN:
        return True
    return found in _LEANING and not japanese


@cache
def _bunsetsu() -> Parser:
    return load_default_japanese_parser()

"""Where scripts without spaces may be parted, for the ends of lines and for the word that is highlighted.

Chinese: between any two characters. Japanese: where a phrase begins, which nearly always is where kanji or katakana
follow hiragana. Both with kinsoku: no line begins with a closing bracket, a stop or a small kana, and none ends with an
opening bracket (JIS X 4051; W3C, Requirements for Japanese Text Layout, §3.1.7 and §3.1.8).
Thai and Lao: before a vowel that is written first in its syllable, and after a sign that only ends one. Real words
would take a dictionary; these breaks never tear a syllable, though they may tear a word of several.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.scripts import UNSPACED, Script, is_cjk, script_of

# Small kana, marks of length and repetition, closing brackets, stops.
NEVER_FIRST = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々〻ー゠–〜～…‥’”）〕］｝〉》」』】〙〗〟｠»)]},.!?:;%％‰℃°"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ｡｣､･ｧｨｩｪｫｬｭｮｯｰﾞﾟ"
    "ๆฯะาำๅ།"
)
NEVER_LAST = frozenset("‘“（〔［｛〈《「『【〘〖〝｟«([{¥￥$＄£￡€#＃№")
_LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")
_SYLLABLE_ENDS = frozenset("ะๆฯະໆ")
_HIRAGANA = ("\u3041", "\u309f")


def is_unspaced(text: str) -> bool:
    return any(script_of(char) in UNSPACED for char in text)


def joins_without_space(before: str, after: str) -> bool:
    """Whether two words that were parted after a stop stand side by side: `你好，` and `世界。`."""
    return bool(before and after) and is_cjk(before[-1]) and is_cjk(after[0])


def phrases_of(clusters: Sequence[str]) -> list[int]:
    """Where `clusters` (characters as a reader sees them) may be parted: rising indices, neither 0 nor the end."""
    is_japanese = any(script_of(cluster[0]) == Script.KANA for cluster in clusters)
    return [at for at in range(1, len(clusters)) if _may_part(clusters[at - 1], clusters[at], is_japanese=is_japanese)]


def _may_part(before: str, after: str, *, is_japanese: bool) -> bool:
    if after[0] in NEVER_FIRST or before[-1] in NEVER_LAST:
        return False
    if script_of(after[0]) in (Script.THAI, Script.LAO) or script_of(before[0]) in (Script.THAI, Script.LAO):
        if before[0] in _LEADING_VOWELS:
            return False
        return after[0] in _LEADING_VOWELS or before[0] in _SYLLABLE_ENDS or script_of(before[0]) != script_of(after[0])
    if not is_cjk(before[-1]) and not is_cjk(after[0]):
        return False
    if not is_japanese:
        return True
    kind_before, kind_after = _kind(before), _kind(after)
    # A phrase is its kanji or katakana with the hiragana that inflect it.
    return kind_before != kind_after and kind_after != "hiragana"


def _kind(cluster: str) -> str:
    char = cluster[0]
    if _HIRAGANA[0] <= char <= _HIRAGANA[1]:
        return "hiragana"
    return script_of(char).value

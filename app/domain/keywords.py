"""The few words of a scene that deserve to be set large: its title, a number, a question, a quotation or a phrase."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from app.domain.stopwords import OBJECT_OPENERS, STOPWORDS

MAX_SENTENCE_CHARS = 64
MAX_PHRASE_CHARS = 30
MAX_PHRASE_WORDS = 4


class HeadlineKind(StrEnum):
    TITLE = "title"  # the heading the scene stands under
    NUMBER = "number"  # a figure, with what it counts below it
    QUESTION = "question"  # a short question, whole
    QUOTE = "quote"  # words in quotation marks, whole
    PHRASE = "phrase"  # one to four words of the text


@dataclass(frozen=True)
class Headline:
    """`main` is set large; `sub`, when there is one, is set small beneath it."""

    kind: HeadlineKind
    main: str
    sub: str | None = None


LIST_NUMBER = re.compile(r"^(\d{1,2})\s*[.):]\s+(\S.*)$")
TITLE_BREAK = re.compile(r"^(.{2,40}?)(?::\s+|\s+[–—|]\s+|\s+-\s+)(\S.+)$")
QUOTATION = re.compile(r"[“„«\"]\s*([^“”„«»\"]{6,}?)\s*[”“»\"]")
# A figure is a whole token, with white space or plain punctuation about it: what is left of an address, a date, a time,
# a version or a formula when its other half is cut away counts nothing.
FIGURE = re.compile(
    r"(?:^|(?<=[\s(\[“„«\"—]))"
    r"(?P<figure>[€$£¥]?(?:\d{1,3}(?:[.,\u00a0\u202f ]\d{3})+|\d+)(?:[.,]\d+)?(?:\s?[%‰€£¥]|\s?°[CF]?)?)"
    r"(?=[.,;:!?…)\]”“»\"]*(?:\s|$|[–—](?!\d)))(?! \d)"
)
# A word that reads aloud: letters first, then at most a hyphen, a dot or an apostrophe within.
PLAIN_WORD = re.compile(r"[^\W\d_][\w'’‘.&+-]*")
# A figure may stand within a phrase, behind the name that it belongs to: “Apollo 11”, “Python 3.11.2”.
PLAIN_FIGURE = re.compile(r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+){0,2}")
MONTHS = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec januar februar märz mai juni juli oktober dezember janvier février mars avril juin juillet "
    "août septembre octobre novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre octubre "
    "noviembre diciembre".split()
)
STRONG_WORD_CHARS = 8  # from here on a single word carries a picture
MAGNITUDES = frozenset(
    "thousand million millions billion billions trillion tausend millionen milliarde milliarden mille milliard "
    "milliards mil millones milhões bilhões milioni miliardi miljoen miljard milionów miljoner тысяч миллион миллиона "
    "миллионов миллиардов χιλιάδες εκατομμύρια ".split()
)
PERCENT = re.compile(r"\s+(?:percent|per cent|prozent|pour cent|por ciento|procent|процент\w*)\b", re.IGNORECASE)
# Nouns that end like adverbs.
LY_NOUNS = frozenset("family italy july supply reply butterfly assembly anomaly monopoly".split())
SHORT_UNITS = frozenset("m g s l h t V W A J K N".split())
NUMBER_WORDS = frozenset(
    "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty ninety "
    "hundred hundreds thousands zwei drei vier fünf zehn hundert deux trois quatre cinq dix cent dos tres cuatro "
    "diez".split()
)


def headline(text: str, title: str | None) -> Headline | None:
    """What to set on the scene's picture, or None when it holds no word at all."""
    if title and re.search(r"\w", title):
        return title_headline(" ".join(title.split()))
    return quote_headline(text) or question_headline(text) or number_headline(text) or phrase_headline(text)


def title_headline(title: str) -> Headline:
    if numbered := LIST_NUMBER.match(title):
        return Headline(HeadlineKind.NUMBER, numbered[1], numbered[2])
    if parts := TITLE_BREAK.match(title):
        return Headline(HeadlineKind.TITLE, parts[1], capitalised(parts[2]))
    return Headline(HeadlineKind.TITLE, title)


def quote_headline(text: str) -> Headline | None:
    found = QUOTATION.search(text)
    if found is None or len(found[1]) > MAX_SENTENCE_CHARS or len(found[1].split()) < 2:
        return None
    return Headline(HeadlineKind.QUOTE, capitalised(found[1].strip(" ,;")))


def question_headline(text: str) -> Headline | None:
    for sentence in re.split(r"(?<=[.!?…])\s+", text):
        if sentence.endswith(("?", ";")) and sentence.count("?") == 1 and len(sentence) <= MAX_SENTENCE_CHARS:
            return Headline(HeadlineKind.QUESTION, sentence.strip("–—-¿ \"'“”") if "¿" not in sentence else sentence)
    return None


def number_headline(text: str) -> Headline | None:
    """The first figure that counts something; failing that a year, with the phrase that it dates."""
    year = None
    for found in FIGURE.finditer(text):
        figure = found["figure"].strip()
        before = text[: found.start()].split()
        # In “Apollo 11” the figure is part of a name, and the name is the phrase.
        if before and before[-1][:1].isupper() and before[-1].lower() not in STOPWORDS and before[-1].isalpha():
            continue
        rest = text[found.end() :]
        if percent := PERCENT.match(rest):
            figure, rest = figure + "%", rest[percent.end() :]
        if figure.isdigit() and (dated := re.match(r"\.?\s+(?:de\s+)?([^\W\d]+)", rest)) and dated[1].lower() in MONTHS:
            continue
        label = label_after(rest)
        if re.fullmatch(r"1\d{3}|20\d{2}", figure):
            year = year or figure
        elif label or not figure.isdigit():
            return Headline(HeadlineKind.NUMBER, figure, label or phrase_beside(text))
    return Headline(HeadlineKind.NUMBER, year, phrase_beside(text)) if year else None


def phrase_beside(text: str) -> str | None:
    """The key phrase of the text without its figures, and without the “percent” that a figure has taken as its sign."""
    return capitalised(weightiest_phrase(PERCENT.sub("", FIGURE.sub(",", text)), fewest_words=1)) or None


def label_after(rest: str) -> str | None:
    """What a figure counts: its magnitude and the one or two words behind it, up to a comma or a common word."""
    clause = re.match(r"\s*([^.,;:!?()“”\"–—]*)", rest)
    words = clause[1].split() if clause else []
    label: list[str] = []
    for word in words:
        is_magnitude = word.lower() in MAGNITUDES
        if is_common(word) and not is_magnitude:
            # “Millions of people”: one small word may join a magnitude to what it counts.
            if not (label and label[-1].lower() in MAGNITUDES and word.lower() in ("of", "de", "di")):
                break
        if not PLAIN_WORD.fullmatch(word):
            break
        label.append(word)
        if sum(part.lower() not in MAGNITUDES for part in label) >= 2:
            break
    while label and is_common(label[-1]) and label[-1].lower() not in MAGNITUDES:
        label.pop()
    if label and len(label[0]) == 1 and label[0] not in SHORT_UNITS:
        return None
    return " ".join(label) or None


def phrase_headline(text: str) -> Headline | None:
    """The weightiest phrase, else the first sentence if it is short, else nothing: a picture needs no words."""
    best = weightiest_phrase(text, fewest_words=2)
    if not best:
        sentence = re.split(r"[.!?…](?:\s|$)", text.strip(), maxsplit=1)[0]
        words = [word.strip(".,;:!?()[]\"'“”«»…") for word in sentence.split()]
        if 2 <= len(words) and len(sentence) <= MAX_PHRASE_CHARS and all(map(PLAIN_WORD.fullmatch, words)):
            best = " ".join(words)
    return Headline(HeadlineKind.PHRASE, capitalised(best)) if best else None


def weightiest_phrase(text: str, fewest_words: int) -> str:
    """The weightiest run of uncommon words (RAKE, Rose et al. 2010), or "". A strong word may stand alone."""
    best, best_weight = "", 0.0
    for position, words in enumerate(runs(text)):
        for chosen in (words[start : start + MAX_PHRASE_WORDS] for start in range(max(1, len(words) - 3))):
            while len(chosen) > 1 and len(" ".join(chosen)) > MAX_PHRASE_CHARS:
                chosen = chosen[:-1]
            if not chosen[0][0].isalpha() or (len(chosen) < fewest_words and not is_strong(chosen[0], text)):
                continue
            weight = sum(word_weight(word) for word in chosen) / (1 + 0.02 * position)
            if weight > best_weight:
                best, best_weight = " ".join(chosen), weight
    return best


def runs(text: str) -> list[list[str]]:
    """The runs of uncommon words between punctuation marks and common words, in order."""
    found: list[list[str]] = []
    for clause in re.split(r"[.,;:!?…()\[\]{}“”„«»\"–—]+(?=\s|$)|(?<=\s)[(\[“„«\"–—-]+|\s-\s", text):
        run: list[str] = []
        for word in (clause or "").split():
            bare = word.strip("'’‘*_~`.,;:!?()[]\"“”«»")
            if run and bare.lower() in OBJECT_OPENERS:
                # What stands right before “the” or “it” is a verb torn from its object: “people farm it”.
                run.pop()
            if is_common(bare) or is_adverb(bare) or not is_readable(bare, run):
                found.append(run)
                run = []
            else:
                run.append(bare)
        found.append(run)
    return [run for run in found if run]


def is_readable(word: str, run: list[str]) -> bool:
    """A figure belongs to the name before it, and a version to whatever stands there; neither opens a phrase."""
    if PLAIN_FIGURE.fullmatch(word):
        return bool(run) and (run[-1][:1].isupper() or "." in word)
    return PLAIN_WORD.fullmatch(word) is not None


def is_strong(word: str, text: str) -> bool:
    """Whether a word can stand alone: it is long, or a name, which is a capital where no sentence begins."""
    if word.lower() in MONTHS | MAGNITUDES:
        return False
    is_name = word[:1].isupper() and re.search(rf"[\w,;] {re.escape(word)}\b", text) is not None
    return len(word) >= STRONG_WORD_CHARS or (is_name and len(word) >= 4)


def word_weight(word: str) -> float:
    weight = float(min(len(word), 9) ** 0.8)
    if word[:1].isupper():
        weight += 2.0
    if word.lower() in NUMBER_WORDS or any(letter.isdigit() for letter in word):
        weight += 3.0
    # Verbs say that, but a picture is of what: nouns.
    if word.lower().endswith(("ed", "ing")):
        weight *= 0.7
    return weight


def is_common(word: str) -> bool:
    return word.lower().replace("’", "'") in STOPWORDS


def is_adverb(word: str) -> bool:
    """Adverbs of manner say how, which no picture shows."""
    return len(word) > 4 and word.lower().endswith(("ly", "mente")) and word.lower() not in LY_NOUNS


def capitalised(text: str) -> str:
    """The text with its first letter as a capital; words with capitals of their own (iPhone, pH) stay as they are."""
    first = text.split(" ", 1)[0]
    return text if any(letter.isupper() for letter in first) else text[:1].upper() + text[1:]

"""English words as a narrator says them where espeak-ng would spell or count: years, units, numerals, short forms."""

from __future__ import annotations

import re


def _table(text: str) -> dict[str, str]:
    """`short long form, short long form, …` as a mapping; the first space of an entry parts the two."""
    return dict(entry.strip().split(" ", 1) for entry in text.split(","))


_ABBREVIATIONS = _table(
    "e.g. for example, i.e. that is, vs versus, vs. versus, approx approximately, etc. et cetera, jr junior, "
    "jr. junior, sr senior, sr. senior, mt mount, prof professor, gen general, sen senator, rep representative, "
    "gov governor, capt captain, col colonel, sgt sergeant, lt lieutenant, rev reverend, ms miz, fig figure, "
    "figs figures, no number, nos numbers, vol volume, ch chapter, sec section, p page, pp pages, eq equation, "
    "cf compare, ca circa, w/ with, w/o without, ad A-D, bc B-C, ce C-E, bce B-C-E"
)
# These are ordinary words unless a name (capitalised) or a number follows.
_BEFORE_NAME = frozenset("mt prof gen sen rep gov capt col sgt lt rev ms".split())
_BEFORE_NUMBER = frozenset("fig figs no nos vol ch sec p pp eq ca".split())
_AFTER_NUMBER = frozenset("ad bc ce bce".split())

# Symbol → its name for one of it. Case matters: MB is not mb.
_UNITS = _table(
    "km kilometer, m meter, cm centimeter, mm millimeter, nm nanometer, µm micrometer, km² square kilometer, "
    "m² square meter, cm² square centimeter, km³ cubic kilometer, m³ cubic meter, cm³ cubic centimeter, "
    "kg kilogram, g gram, mg milligram, t ton, lb pound, lbs pound, oz ounce, ft foot, mi mile, yd yard, l liter, "
    "L liter, ml milliliter, mL milliliter, ha hectare, km/h kilometer per hour, mph mile per hour, "
    "m/s meter per second, km/s kilometer per second, h hour, hr hour, hrs hour, min minute, s second, sec second, "
    "ms millisecond, ° degree, °C degree Celsius, °F degree Fahrenheit, K kelvin, Hz hertz, kHz kilohertz, "
    "MHz megahertz, GHz gigahertz, W watt, kW kilowatt, MW megawatt, GW gigawatt, kWh kilowatt hour, V volt, A amp, "
    "kB kilobyte, KB kilobyte, MB megabyte, GB gigabyte, TB terabyte, MiB mebibyte, GiB gibibyte, dB decibel, "
    "px pixel, fps frame per second, kPa kilopascal, kcal kilocalorie"
)
_CURRENCIES = {"$": ("dollar", "dollars"), "€": ("euro", "euros"), "£": ("pound", "pounds"), "¥": ("yen", "yen")}
_SCALES = frozenset("thousand million billion trillion".split())
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50}
_DECADES = _table(
    "00 hundreds, 10 tens, 20 twenties, 30 thirties, 40 forties, 50 fifties, 60 sixties, 70 seventies, "
    "80 eighties, 90 nineties"
)
_RULERS = frozenset(
    "Louis Henry Elizabeth George Charles Edward James William Richard Philip Paul Pius Leo Benedict Gregory Clement "
    "Innocent Napoleon Ramses Ramesses Ptolemy Cleopatra Catherine Frederick Wilhelm Nicholas Alexander Ivan Peter "
    "Carlos Felipe Juan Alfonso Mehmed Gustav Christian Harald Haakon Otto Thutmose Urban Julius Boniface".split()
)

_NUMBER = re.compile(r"[-−+~]?\d[\d,]*(?:\.\d+)?")
_GLUED_UNIT = re.compile(
    r"([-−~]?\d[\d,]*(?:\.\d+)?)(" + "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True)) + ")"
)
_YEAR = re.compile(r"(1[1-9]|20)(\d\d)(s?)")
_RANGE = re.compile(r"(\d[\d,.]*)[–—](\d[\d,.]*\S*)")
_MONEY = re.compile(r"([$€£¥])(\d[\d,]*)(?:\.(\d+))?([kKMBT]?)(?:n|illion)?")
_MAGNITUDES = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion", "T": "trillion"}
_TRAILING = re.compile(r"[.,;:!?…]*$")


def english_form(token: str, before: str, after: str) -> str:
    """How to say `token` (no closing quotes) between its neighbours; "" stands for the sentence's start or end."""
    lead = re.match(r"[\"'“‘(\[]*", token)
    opening = lead.group() if lead else ""
    trail = _TRAILING.search(token)
    closing = trail.group() if trail else ""
    word = token[len(opening) : len(token) - len(closing)]
    if not word:
        return token
    said = _abbreviation(token[len(opening) :], word, before, after)
    if said is None:
        said = _said_word(word, before, after)
    elif closing.startswith("."):
        closing = closing[1:] if after else closing
    return opening + said + closing


def _abbreviation(dotted: str, word: str, before: str, after: str) -> str | None:
    key = dotted.casefold() if dotted.casefold() in _ABBREVIATIONS else word.casefold()
    if key not in _ABBREVIATIONS:
        return None
    if key in _BEFORE_NAME and not (word[:1].isupper() and after[:1].isupper() and not word[1:].isupper()):
        return None
    if key in _BEFORE_NUMBER and not after[:1].isdigit():
        return None
    if key in _AFTER_NUMBER and not (word.isupper() and _NUMBER.fullmatch(before)):
        return None
    return _ABBREVIATIONS[key]


def _said_word(word: str, before: str, after: str) -> str:
    after_core = after.rstrip(".,;:!?)…")
    if word in _UNITS and _NUMBER.fullmatch(before):
        return _unit(word, before)
    # Before the glued units: 1980s are no seconds.
    if match := _YEAR.fullmatch(word):
        return word if after_core in _UNITS or before in _CURRENCIES else _year(match[1], match[2], match[3])
    if match := _GLUED_UNIT.fullmatch(word):
        return f"{match[1]} {_unit(match[2], match[1])}"
    if match := _RANGE.fullmatch(word):
        return f"{_said_word(match[1], '', '')} to {_said_word(match[2], '', after)}"
    if match := _MONEY.fullmatch(word):
        return _money(match, after_core)
    if word.casefold() in _SCALES and (match := _MONEY.fullmatch(before)) and not match[4]:
        return f"{word} {_CURRENCIES[match[1]][1]}"
    if before[:1].isupper() and (number := _roman(word)):
        return f"the {_ordinal(number)}" if before in _RULERS else str(number)
    if word.startswith("~") and word[1:2].isdigit():
        return "about " + word[1:]
    if word.startswith("#") and word[1:].isdigit():
        return "number " + word[1:]
    # "and/or", "TCP/IP": nobody says "slash".
    return re.sub(r"(?<=[A-Za-z])/(?=[A-Za-z])", " ", word) if "//" not in word else word


def _unit(symbol: str, number: str) -> str:
    name = _UNITS[symbol]
    if number.lstrip("-−+~") == "1" or name.endswith(("hertz", "kelvin")):
        return name
    if name == "foot":
        return "feet"
    # "kilometers per hour" and "degrees Celsius", but "square kilometers" and "kilowatt hours".
    first, _, rest = name.partition(" ")
    return f"{first}s {rest}" if rest.startswith(("per ", "Celsius", "Fahrenheit")) else f"{name}s"


def _money(match: re.Match[str], after: str) -> str:
    singular, plural = _CURRENCIES[match[1]]
    whole, cents, magnitude = match[2], match[3], match[4]
    if magnitude:
        return f"{whole}{'.' + cents if cents else ''} {_MAGNITUDES[magnitude]} {plural}"
    if after.casefold() in _SCALES:
        # "$5 million": the currency is said with the scale, which is the next token.
        return f"{whole}{'.' + cents if cents else ''}"
    name = singular if whole == "1" else plural
    return f"{whole} {name} {cents}" if cents and len(cents) == 2 and cents != "00" else f"{whole} {name}"


def _year(century: str, rest: str, plural: str) -> str:
    if plural:
        decade = _DECADES.get(rest, f"{rest}s")
        return f"{century} {decade}" if century != "20" or rest != "00" else "two thousands"
    if century == "20" and rest < "10":
        return century + rest
    if rest == "00":
        return f"{century} hundred"
    return f"{century} oh {rest[1]}" if rest[0] == "0" else f"{century} {rest}"


def _roman(word: str) -> int | None:
    """The value of a Roman numeral from II to XXXIX, or None; a lone I, V or X is a letter or a pronoun."""
    if len(word) < 2 or not re.fullmatch(r"X{0,3}(?:IX|IV|V?I{0,3})", word):
        return None
    values = [_ROMAN[char] for char in word]
    return sum(
        -value if value < following else value for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _ordinal(number: int) -> str:
    suffix = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"

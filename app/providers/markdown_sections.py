"""Markdown, or plain text, into what is said under each heading, and notes of what is not.

One reading serves both: plain text is Markdown without marks, once indented code is switched off (authors
indent their paragraphs). What cannot be said (code, tables, HTML, pictures) is skipped with a note and its line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.domain.plain_words import fold, has_words, with_spoken_urls, with_stop, without_pictographs, without_rules
from app.domain.scene_cuts import Section
from app.domain.unspaced import joins_without_space

# A "heading" longer than this is a paragraph that happens to stand above a line of dashes.
MAX_HEADING_CHARS = 120
MAX_STACKED_TITLE_CHARS = 60
MAX_NOTES = 40
# The parser's time grows with the square of the open brackets in one paragraph.
MAX_BRACKETS = 500

# The parser drops what is nested deeper than its limit; nobody nests a hundred quotes on purpose.
PARSER = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"]).disable("code")
# It sorts out its rules at the first text that it reads, which two threads must not do at once.
PARSER.parse("A *word*.")

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ ]*\n((?:.*\n)*?)(?:\1|\.\.\.)[ ]*(?:\n|\Z)")
_FRONT_MATTER_LINE = re.compile(r"\s*(?:[\w\"'.-]+\s*[:=].*|-\s.*|#.*|\[.*\]|\s+\S.*)?")
_FOOTNOTE = re.compile(r"[ ]{0,3}\[\^([^\]\s]{1,60})\]:")
_TASK_BOX = re.compile(r"\[[ xX]\]\s+")
# The end of a line within a paragraph, until it is known whether a space belongs there; no text has this character.
_SOFT_BREAK = "\x1e"
_SOFT_BREAKS = re.compile(f"(\\S?) *{_SOFT_BREAK} *(?=(\\S?))")
_TAG_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)")
_HTML_TAGS = frozenset(
    "a abbr b bdi bdo big blockquote br center cite code data dd del details dfn div dl dt em font figcaption figure "
    "h1 h2 h3 h4 h5 h6 hr i iframe img input ins kbd li mark ol p picture pre q s samp section small source "
    "span strike strong sub summary sup svg table tbody td th thead time tr tt u ul var video wbr".split()
)
# They dress no words: between words of a sentence it is they that are meant.
_LITERAL_TAGS = frozenset({"script", "style"})


@dataclass(frozen=True)
class Reading:
    """A text, read: `title` is its first top heading; `found` counts what was skipped, by its name in the singular."""

    title: str | None
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    found: Counter[str]


@dataclass
class _Heading:
    level: int
    title: str | None
    paragraphs: list[str] = field(default_factory=list)


def read_markdown(text: str) -> Reading:
    """`text` is any string that `refuse_unreadable` lets pass."""
    reader = _Reader()
    reader.read(fold(text))
    return Reading(reader.title, _as_sections(reader.headings), tuple(reader.all_notes()), reader.found)


class _Reader:
    """Walks the parser's flat list of tokens once."""

    def __init__(self) -> None:
        self.title: str | None = None
        self.headings = [_Heading(0, None)]
        self.found: Counter[str] = Counter()
        self._notes: list[str] = []

    def read(self, text: str) -> None:
        text = self._without_footnotes(self._without_front_matter(text))
        text = "\n\n".join(map(_without_bracket_storms, text.split("\n\n")))
        tokens = PARSER.parse(text)
        numbers: list[int | None] = []
        label = ""
        index = 0
        while index < len(tokens):
            token = tokens[index]
            line = token.map[0] + 1 if token.map else 0
            match token.type:
                case "heading_open":
                    self._heading(token, tokens[index + 1])
                    index += 2
                case "table_open":
                    end = _index_of_close(tokens, index, "table_close")
                    rows = sum(inner.type == "tr_open" for inner in tokens[index:end])
                    self.skip("table", f"a table of {_count(rows, 'row')} at line {line}")
                    index = end
                case "fence":
                    self.skip(
                        "code block", f"a code block of {_count(token.content.count(chr(10)), 'line')} at line {line}"
                    )
                case "html_block":
                    lines = token.content.rstrip("\n").count("\n") + 1
                    self.skip("HTML block", f"HTML of {_count(lines, 'line')} at line {line}")
                case "ordered_list_open":
                    numbers.append(int(token.attrGet("start") or 1))
                case "bullet_list_open":
                    numbers.append(None)
                case "ordered_list_close" | "bullet_list_close":
                    numbers.pop()
                case "list_item_open":
                    number = numbers[-1]
                    label = "" if number is None else f"{number}. "
                    numbers[-1] = None if number is None else number + 1
                case "inline":
                    self._paragraph(token, label, is_item=bool(numbers))
                    label = ""
            index += 1

    def skip(self, name: str, what: str) -> None:
        self.found[name] += 1
        self._notes.append(f"Skipped {what}.")

    def all_notes(self) -> list[str]:
        notes = self._notes[:MAX_NOTES]
        if len(self._notes) > MAX_NOTES:
            notes.append(f"Skipped {len(self._notes) - MAX_NOTES} more things of these kinds.")
        if self.found["emoji"]:
            notes.append(f"Left out {self.found['emoji']} emoji or other pictographs, which no voice says.")
        return notes

    def _heading(self, opening: Token, inline: Token) -> None:
        words = " ".join(self._lines_of(inline))
        is_setext_paragraph = opening.markup == "-" and "\n" in inline.content
        if len(words) > MAX_HEADING_CHARS or is_setext_paragraph:
            self._paragraph(inline, "", is_item=False)
        elif has_words(words):
            level = int(opening.tag[1:])
            if level == 1 and self.title is None:
                self.title = words
            self.headings.append(_Heading(level, words))

    def _paragraph(self, inline: Token, label: str, *, is_item: bool) -> None:
        paragraphs = self.headings[-1].paragraphs
        for words in self._lines_of(inline):
            if has_words(words):
                # A stop, so that speech pauses before whatever comes next.
                if paragraphs:
                    paragraphs[-1] = with_stop(paragraphs[-1])
                if is_item:
                    words = with_stop(
                        label + _TASK_BOX.sub("", words, count=1) if words.startswith("[") else label + words
                    )
                paragraphs.append(words)
                label = ""

    def _lines_of(self, inline: Token) -> list[str]:
        """The words of a block, one string for each line that its author broke on purpose."""
        line = inline.map[0] + 1 if inline.map else 0
        said: list[str] = []
        struck = 0
        for child in inline.children or []:
            match child.type:
                case "s_open":
                    struck += 1
                    self.skip("struck-out passage", f"struck-out words at line {line}")
                case "s_close":
                    struck -= 1
                case _ if struck:
                    continue
                case "text" | "text_special" | "code_inline":
                    said.append(child.content)
                case "softbreak":
                    said.append(_SOFT_BREAK)
                case "hardbreak":
                    said.append("\n")
                case "image":
                    self.skip("image", f"an image at line {line}")
                case "html_inline":
                    said.append(_said_tag(child.content))
        text, emoji = without_pictographs(_SOFT_BREAKS.sub(_unbroken, "".join(said)))
        self.found["emoji"] += emoji
        text = without_rules(with_spoken_urls(text))
        return [" ".join(part.split()) for part in text.split("\n")]

    def _without_front_matter(self, text: str) -> str:
        match = _FRONT_MATTER.match(text)
        if (
            not match
            or not all(_FRONT_MATTER_LINE.fullmatch(row) for row in match[2].split("\n"))
            or not match[2].strip()
        ):
            return text
        lines = match.group().count("\n")
        self.skip("front matter", f"front matter of {_count(lines, 'line')}")
        # Blank lines in its place keep the line numbers of what follows.
        return "\n" * lines + text[match.end() :]

    def _without_footnotes(self, text: str) -> str:
        """Footnotes interrupt a listener: their texts are skipped, and so are the references to them."""
        if "[^" not in text:
            return text
        lines = text.split("\n")
        names = set()
        inside = False
        for index, line in enumerate(lines):
            if match := _FOOTNOTE.match(line):
                names.add(match[1])
                self.skip("footnote", f"a footnote at line {index + 1}")
                inside = True
            elif not line.strip():
                inside = False
            if inside:
                lines[index] = ""
        text = "\n".join(lines)
        return re.sub(r"\[\^([^\]\s]{1,60})\]", lambda match: "" if match[1] in names else match.group(), text)


def _as_sections(headings: Sequence[_Heading]) -> tuple[Section, ...]:
    """Headings with something to say; one without any text below it, nor below its subheadings, is said itself."""
    sections: list[Section] = []
    stacked: list[str] = []
    for index, heading in enumerate(headings):
        titles = [*stacked, heading.title] if heading.title else stacked
        following = headings[index + 1] if index + 1 < len(headings) else None
        stacked = []
        if heading.paragraphs:
            sections.append(Section(_stacked_title(titles), tuple(heading.paragraphs)))
        elif titles and following and following.level > heading.level:
            stacked = list(titles)
        elif titles:
            sections.append(Section(_stacked_title(titles), tuple(with_stop(title) for title in titles)))
    return tuple(sections)


def _stacked_title(titles: Sequence[str]) -> str | None:
    """Headings with no text between them share one scene: shown together when short, the innermost otherwise."""
    if not titles:
        return None
    together = ": ".join(titles)
    return together if len(together) <= MAX_STACKED_TITLE_CHARS else titles[-1]


def _without_bracket_storms(block: str) -> str:
    """A block with more brackets than any author writes keeps its words and loses its links."""
    return block if block.count("[") <= MAX_BRACKETS else block.replace("[", " ").replace("]", " ")


def _unbroken(soft_break: re.Match[str]) -> str:
    """A line's last character and the space that stands for its end, unless the next line goes on in Han or kana."""
    return soft_break[1] + ("" if joins_without_space(soft_break[1], soft_break[2]) else " ")


def _said_tag(tag: str) -> str:
    """HTML is silent; `<your name>` in prose is no HTML and is read, and `<script>` is shown as it was written."""
    match = _TAG_NAME.match(tag)
    if match and match[1].lower() in _LITERAL_TAGS:
        return tag
    if match is None or match[1].lower() in _HTML_TAGS:
        return "\n" if match and match[1].lower() == "br" else ""
    return tag.strip("</>")


def _index_of_close(tokens: Sequence[Token], start: int, kind: str) -> int:
    return next(index for index in range(start, len(tokens)) if tokens[index].type == kind)


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

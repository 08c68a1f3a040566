"""Scripts without spaces: where they are parted, and what becomes of their captions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.captions import SHORT_LINE, WIDE_LINES, CueShape, break_into_cues
from app.domain.clusters import chars_of, clusters_of
from app.domain.sentences import glued_of, tokens_of
from app.domain.speech import Word
from app.domain.unspaced import NEVER_FIRST, NEVER_LAST, is_japanese, is_unspaced, line_ends, phrases_of
from app.domain.word_cuts import is_figure

NAMES = [
    "YouTube",
    "International",
    "Machines",
    "a",
    "example.org/a",
    "info@example.org",
    "$1,234,567.89",
    "2024",
    "3.5",
]
# What authors write, a phrase or a sign at a time; signs that kinsoku knows never come three in a row.
CHUNKS = {
    "Japanese": [
        "火山",
        "地球の",
        "は",
        "ちょっと",
        "コンピューター",
        "待ってください",
        "ちゃった",
        "人々",
        "です",
        *NAMES,
    ],
    "Chinese": ["火山", "地球", "的", "了", "然后", "通向", "内部", "蘋果公司", "門", "发布", "5", *NAMES],
    "Thai": ["ภูเขาไฟ", "เป็น", "น้ำแข็ง", "ประวัติศาสตร์", "ใจ", "ต่างๆ", "ครอบครัว", *NAMES],
    "Lao": ["ພູເຂົາ", "ໄຟ", "ນ້ຳ", "ແມ່ນ", "ປະຕູ", *NAMES],
    "Khmer": ["ភ្នំភ្លើង", "គឺជា", "ទ្វារ", "ផែនដី", *NAMES],
    "Burmese": ["မီးတောင်", "သည်", "ကမ္ဘာ", "တံခါး", *NAMES],
}
AFTER = {
    "Japanese": ["", "", "", "、", "。", "！", "」", "ー", " "],
    "Chinese": ["", "", "", "，", "。", "”", "》", " "],
}
BEFORE = {"Japanese": ["", "", "「", "（"], "Chinese": ["", "", "“", "《"]}

shapes = st.sampled_from([SHORT_LINE, WIDE_LINES, CueShape(line_chars=18, lines=1)])


@st.composite
def scripts(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(sorted(CHUNKS)))
    marked = st.tuples(
        st.sampled_from(BEFORE.get(name, [""])),
        st.sampled_from(CHUNKS[name]),
        st.sampled_from(AFTER.get(name, ["", "", "", " "])),
    )
    text = ""
    for before, chunk, after in draw(st.lists(marked, min_size=1, max_size=30)):
        # Two names side by side would be one.
        text += (" " if chunk.isascii() and not is_unspaced(text[-1:]) else "") + before + chunk + after
    return " ".join(text.split())


def spoken(text: str) -> list[Word]:
    """As a voice times it: the tokens of the text, each with a tenth of a second a character."""
    words = []
    at_s = 0.0
    tokens = tokens_of(text)
    for token, glued in zip(tokens, glued_of(text, tokens), strict=True):
        words.append(Word(token, at_s, at_s + 0.1 * len(token), glued))
        at_s = words[-1].end_s
    return words


def lines_of(text: str, shape: CueShape) -> list[str]:
    return [line for cue in break_into_cues(spoken(text), shape) for line in cue.text.split("\n")]


def parted(text: str) -> str:
    return "|".join(phrases_of(text, japanese=is_japanese([text])))


@pytest.mark.parametrize(
    "text",
    [
        "火山|是|通向|地球|内部的|大门。",
        "苹果|公司|在|YouTube上|发布了|影片。",
        "火山|是|通往|地球|內部的|大門。",
        "品質|從來沒有|改變過。",
        "价格|是|$1,234.56，|共|5个。",
        "请|写信|到|info@example.org，|或|访问|https://example.org/a/b。",
        "火山は|地球の|扉です。",
        "「コンピューター」を|使って、|勉強しました。",
        "ちょっと|待ってください！|「本当ですか？」と|彼女は|言った。",
        "2024年の|売上は|1,234,567円だった。",
        "私は|YouTubeで|動画を|見ます。",
        "（火山）",
        "ภูเขาไฟ|เป็น|ประตู|สู่|ใจกลาง|ของ|โลก",
        "คณิตศาสตร์|และ|ประวัติศาสตร์|ของ|ครอบครัว",
        "น้ำ|แข็ง",
        "นักวิทยาศาสตร์|ชอบ|การทดลอง",
        "ພູເຂົາ|ໄຟ|ແມ່ນ|ປະຕູ",
        "ភ្នំភ្លើង|គឺជា|ទ្វារ",
        "မီးတောင်|သည်",
    ],
)
def test_phrases_begin_where_a_reader_would_pause(text: str) -> None:
    assert parted(text.replace("|", "")) == text


@settings(deadline=None)  # the first to run loads the dictionaries
@given(scripts(), shapes)
def test_the_lines_are_the_script_but_for_spaces_where_they_end(text: str, shape: CueShape) -> None:
    at = 0
    for line in lines_of(text, shape):
        assert text[at:].removeprefix(" ").startswith(line)
        at = text.index(line, at) + len(line)
    assert at == len(text)


@settings(deadline=None)  # the first to run loads the dictionaries
@given(scripts(), shapes)
def test_no_line_is_wider_than_allowed(text: str, shape: CueShape) -> None:
    # But for a figure, which is set smaller rather than cut.
    assert all(chars_of(line) <= shape.line_chars or is_figure(line) for line in lines_of(text, shape))


@settings(deadline=None)  # the first to run loads the dictionaries
@given(scripts(), shapes)
def test_no_line_begins_or_ends_with_what_may_not_stand_there(text: str, shape: CueShape) -> None:
    lines = lines_of(text, shape)
    assert not any(line[0] in NEVER_FIRST for line in lines[1:])
    assert not any(line[-1] in NEVER_LAST for line in lines[:-1])


def _unparted(text: str, at: int) -> str:
    """What lies between the two places around `at` where a line may end, or a space stands."""
    ends = {0, len(text), *line_ends(text), *(place for place, char in enumerate(text) if char == " ")}
    return text[max(end for end in ends if end <= at) : min(end for end in ends if end >= at)].strip()


@settings(deadline=None)  # the first to run loads the dictionaries
@given(scripts(), shapes)
def test_no_latin_word_number_or_address_is_cut(text: str, shape: CueShape) -> None:
    lines = lines_of(text, shape)
    for before, after in zip(lines, lines[1:], strict=False):
        if before[-1].isascii() and after[0].isascii() and before + after in text:
            # With the marks that may not be parted from it, it was longer than a line.
            assert chars_of(_unparted(text, text.index(before + after) + len(before))) > shape.line_chars


@settings(deadline=None)  # the first to run loads the dictionaries
@given(st.text(st.sampled_from("火山のをてコピュータっゃー、。「」（）！A1%ภเูำๆ ."), min_size=1, max_size=60), shapes)
def test_no_text_is_too_odd_to_be_shown(text: str, shape: CueShape) -> None:
    text = " ".join(text.split())
    lines = lines_of(text, shape)
    assert "".join(lines).replace(" ", "").replace("-", "") == text.replace(" ", "")
    assert all(chars_of(line) <= shape.line_chars for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "他说：“你好。”然后走了。",
        "他说：“你好。” 然后走了。",
        "本当？ はい。",
        "价格涨了，2024年更高。",
        "你好，world。Hello world.",
        "「はい。」と言った。",
        "คำพูด 5 คำ",
    ],
)
def test_spaces_are_those_that_the_author_wrote(text: str) -> None:
    lines = lines_of(text, CueShape(line_chars=200, lines=1))
    assert all(line in text for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_thai_line_ends_at_a_space_rather_than_after_it() -> None:
    lines = lines_of("ของโลกที่เราอาศัยอยู่ นักวิทยาศาสตร์ใช้ YouTube เพื่อสอนคณิตศาสตร์", SHORT_LINE)
    assert lines[0] == "ของโลกที่เราอาศัยอยู่"
    assert not any(line.endswith("นัก") for line in lines)


def test_a_thai_figure_stays_with_what_it_counts() -> None:
    lines = lines_of("มีผู้ชมมากกว่า 1,234,567 คน และเด็กๆ ก็ชอบดู", SHORT_LINE)
    assert any("1,234,567 คน" in line for line in lines)


def test_a_latin_word_longer_than_a_line_is_cut_as_anywhere_else() -> None:
    lines = lines_of("这是Rindfleischetikettierungsgesetz的例子", SHORT_LINE)
    assert any(line.endswith("-") for line in lines)
    assert "".join(lines).replace("-", "") == "这是Rindfleischetikettierungsgesetz的例子"


def test_a_phrase_longer_than_a_line_keeps_its_small_letters() -> None:
    lines = lines_of("ー".join(["チョコレートショップ"] * 6), SHORT_LINE)
    assert len(lines) > 3 and not any(line[0] in NEVER_FIRST for line in lines)


def test_a_phrase_longer_than_a_line_is_cut_between_its_words() -> None:
    assert lines_of("コンピューターシミュレーションが", SHORT_LINE) == ["コンピューター", "シミュレーションが"]


def test_the_highlight_moves_through_a_clause_in_order() -> None:
    (cue,) = break_into_cues([Word("火山は地球の扉です。", 0.0, 2.0)], WIDE_LINES)
    assert [word.text for word in cue.words] == ["火山は", "地球の", "扉です。"]
    assert [word.start_s for word in cue.words] == pytest.approx([0.0, 0.6, 1.2])


def test_a_phrase_over_two_words_of_the_voice_lasts_from_the_one_into_the_other() -> None:
    words = [Word("「はい。」", 0.0, 1.0), Word("と言った。", 1.5, 2.5, glued=True)]
    (cue,) = break_into_cues(words, WIDE_LINES)
    assert [(word.text, word.start_s) for word in cue.words] == [
        ("「はい。」と", 0.0),
        ("言った。", pytest.approx(1.7)),
    ]


def test_a_word_before_a_pause_ends_where_the_pause_begins() -> None:
    words = [Word("火山は、", 0.0, 1.0), Word("地球の", 2.0, 3.0, glued=True)]
    first, second = break_into_cues(words, WIDE_LINES)[0].words
    assert (first.end_s, second.start_s) == (1.0, 2.0)


def test_letters_that_are_joined_are_never_parted() -> None:
    assert clusters_of("क्षेत्र") == ["क्षे", "त्र"]
    assert clusters_of("น้ำ") == ["น้ำ"]
    assert clusters_of("တောင်သည်") == ["တော", "င်", "သ", "ည်"]


def test_five_thousand_characters_are_cut_into_as_many_as_they_hold() -> None:
    assert "".join(phrases_of("火山は地球の扉です。" * 500, japanese=True)) == "火山は地球の扉です。" * 500


def test_straight_quotation_marks_stay_with_what_they_enclose() -> None:
    phrases = phrases_of('他说："好。"然后走了。王老师问："你吃过饭了吗？"我回答', japanese=False)
    assert '"好。"' in phrases and '"你' in phrases and any(phrase.endswith('吗？"') for phrase in phrases)
    assert not any(phrase == '"' or phrase.endswith(('："', '"我')) for phrase in phrases)

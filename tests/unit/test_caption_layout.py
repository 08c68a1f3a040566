"""Where captions stand: inside the frame and its safe band, whatever the frame, the look and the words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.caption_style import CaptionBox, CaptionPosition, CaptionSize, CaptionStyle
from app.domain.captions import break_into_cues, shape_for
from app.domain.speech import Word
from app.media.caption_layout import BOX_PADDING, Layout, lay_out
from app.typography.lettering import caption_font

sides_px = st.integers(32, 2048).map(lambda half: 2 * half)
styles = st.builds(
    CaptionStyle,
    size=st.sampled_from(CaptionSize),
    position=st.sampled_from(CaptionPosition),
    uppercase=st.booleans(),
    box=st.sampled_from([None, CaptionBox()]),
)
words = st.one_of(
    st.from_regex(r"[a-zA-Z]{1,12}[,.]?", fullmatch=True),
    st.sampled_from(["W" * 30, "Straßenbahnhaltestellenschild", "https://example.org/a/long/address?of=it", "Ёлка"]),
    st.sampled_from(["البركان", "(שלום)", "क्षेत्र", "ภูเขาไฟเป็นประตูสู่โลกที่ปิดอยู่เกือบตลอดเวลา"]),
)


def layouts(text: str, width_px: int, height_px: int, style: CaptionStyle) -> list[Layout]:
    spoken = [Word(token, index * 0.4, index * 0.4 + 0.4) for index, token in enumerate(text.split(" "))]
    cues = break_into_cues(spoken, shape_for(width_px, height_px, style))
    return [layout for cue in cues if (layout := lay_out(cue, width_px, height_px, style))]


def check_inside(layout: Layout, width_px: int, height_px: int, style: CaptionStyle) -> None:
    padding_x, padding_y = (0.0, 0.0) if style.box is None else BOX_PADDING
    assert layout.size_px > 0
    for line, x, baseline in layout.lines:
        assert x - padding_x * layout.size_px >= 0.08 * width_px - 0.5
        assert x + line.width_px + padding_x * layout.size_px <= 0.92 * width_px + 0.5
        assert baseline - (layout.ascent + padding_y) * layout.size_px >= 0.05 * height_px - 0.5
        assert baseline + (layout.descent + padding_y) * layout.size_px <= 0.95 * height_px + 0.5


@settings(max_examples=150, deadline=None)
@given(st.lists(words, min_size=1, max_size=12), sides_px, sides_px, styles)
def test_nothing_stands_outside_the_safe_band(
    text: list[str], width_px: int, height_px: int, style: CaptionStyle
) -> None:
    for layout in layouts(" ".join(text), width_px, height_px, style):
        check_inside(layout, width_px, height_px, style)


@pytest.mark.parametrize("size", [(64, 64), (64, 4096), (4096, 64), (4096, 4096), (1080, 1920)])
@pytest.mark.parametrize("box", [None, CaptionBox()])
def test_the_extremes_hold_too(size: tuple[int, int], box: CaptionBox | None) -> None:
    for position in CaptionPosition:
        style = CaptionStyle(size=CaptionSize.LARGE, position=position, box=box)
        for layout in layouts("Straßenbahnhaltestellenschild " + "W" * 40 + " and more", *size, style):
            check_inside(layout, *size, style)


def test_the_default_place_and_size_are_what_they_were() -> None:
    (layout,) = layouts("Lava flows.", 1080, 1920, CaptionStyle())
    ((_, x, baseline),) = layout.lines
    assert layout.size_px == pytest.approx(79.92)
    assert baseline == pytest.approx(0.70 * 1920 + 79.92 * 0.727 / 2)
    assert x == pytest.approx((1080 - caption_font(79.92).getlength("Lava flows.")) / 2)


def test_positions_stand_above_each_other_and_sizes_grow() -> None:
    baselines, sizes = [], []
    for position in CaptionPosition:
        (layout,) = layouts("Lava", 360, 640, CaptionStyle(position=position))
        baselines.append(layout.lines[0][2])
    for size in CaptionSize:
        (layout,) = layouts("Lava", 360, 640, CaptionStyle(size=size))
        sizes.append(layout.size_px)
    assert baselines == sorted(set(baselines)) and sizes == sorted(set(sizes))


def test_larger_letters_and_capitals_get_fewer_to_a_line_instead_of_shrinking() -> None:
    assert shape_for(1080, 1920, CaptionStyle(size=CaptionSize.LARGE)).line_chars == 15
    assert shape_for(1080, 1920, CaptionStyle(uppercase=True)).line_chars == 16
    assert shape_for(1080, 1920, CaptionStyle(size=CaptionSize.SMALL)) == shape_for(1080, 1920)

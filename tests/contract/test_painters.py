"""What every painter promises, asked of the ones that need no key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.domain.errors import LeaseLost, StorageFull, TransientError
from app.domain.template import Palette
from app.domain.typeface import Typeface
from app.providers.drawn.choice import choose_look
from app.providers.drawn.headline import Headline, headline
from app.providers.drawn.painter import DrawnPainter
from app.providers.drawn.painting import compose
from app.providers.drawn.palettes import contrast, luminance
from app.providers.drawn.styles import STYLES
from app.providers.drawn.typography import lay_out
from app.providers.protocols import Painter, PictureRequest
from tests.broken_places import UNWRITABLE
from tests.canceling import LATEST_S, asked_when, canceled_at
from tests.media_samples import always_wanted

SIZES = {"9:16": (540, 960), "16:9": (960, 540), "1:1": (640, 640), "4:5": (640, 800)}
SCENES = (
    ("Volcanoes: windows into the Earth", "A volcano is a place where the planet opens."),
    (None, "Every year, about fifty volcanoes erupt."),
    ("3. The loudest of them all", "In 1883, Krakatoa was heard 4,800 kilometres away."),
    (None, "The whole quay smells of fish, and a box of it costs $1,234,567.89."),
    ("Donaudampfschifffahrtsgesellschaft", "Die Geschichte eines Wortes."),
    ("Почему извергаются вулканы", "Магма поднимается, потому что она легче."),
    ("Η θάλασσα και το φως", "Το νερό είναι παντού."),
    ("कॉफ़ी यूरोप कैसे पहुँची", "जहाज़ों से।"),
    ("איך הגיע הקפה לאירופה", "באוניות."),
    ("كيف وصلت القهوة: من موانئ اليمن", "على السفن."),
    ("ทำไมภูเขาไฟจึงระเบิดอยู่เสมอ", "เพราะแมกมาเบากว่า"),
    ("🚀 Pourquoi les volcans se réveillent-ils ?", "Parce que la terre bouge."),
    ("What would happen if one woke up tomorrow?", "As Seneca said, “Luck is what happens.”"),
)


@pytest.fixture(params=[DrawnPainter], ids=lambda painter: painter.name)
def painter(request: pytest.FixtureRequest) -> Painter:
    made: Painter = request.param()
    return made


def scene(number: int = 1, seed: int = 7, size: str = "9:16") -> PictureRequest:
    title, text = SCENES[(number - 1) % len(SCENES)]
    width_px, height_px = SIZES[size]
    return PictureRequest(text, title, number, len(SCENES), seed, width_px, height_px)


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), np.float32)


@pytest.mark.parametrize("size", SIZES)
def test_the_picture_is_a_full_colour_jpeg_larger_than_the_frame(painter: Painter, tmp_path: Path, size: str) -> None:
    asked = scene(size=size)
    painter.paint(asked, tmp_path / "é scene.jpg", always_wanted)
    with Image.open(tmp_path / "é scene.jpg") as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        assert picture.width >= asked.width_px * asked.oversample
        assert picture.height >= asked.height_px * asked.oversample
        # 4:4:4: each of the three components is sampled at every pixel.
        assert [layer[1:3] for layer in picture.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]


def test_the_same_request_gives_the_same_bytes(painter: Painter, tmp_path: Path) -> None:
    for name in ("first", "second"):
        painter.paint(scene(), tmp_path / name, always_wanted)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_no_two_scenes_are_alike_even_when_they_say_the_same(painter: Painter, tmp_path: Path) -> None:
    for number in range(1, 8):
        painter.paint(replace(scene(2), number=number), tmp_path / f"{number}.jpg", always_wanted)
    small = [pixels_of(tmp_path / f"{number}.jpg")[::8, ::8] for number in range(1, 8)]
    for first in range(7):
        for second in range(first):
            assert np.abs(small[first] - small[second]).mean() > 2


def test_another_seed_gives_another_look(painter: Painter, tmp_path: Path) -> None:
    for seed in (1, 2):
        painter.paint(scene(seed=seed), tmp_path / f"{seed}.jpg", always_wanted)
    assert np.abs(pixels_of(tmp_path / "1.jpg") - pixels_of(tmp_path / "2.jpg")).mean() > 5


def test_another_take_gives_another_picture_in_the_same_look(painter: Painter, tmp_path: Path) -> None:
    for take in range(4):
        painter.paint(replace(scene(2), take=take), tmp_path / f"{take}.jpg", always_wanted)
    small = [pixels_of(tmp_path / f"{take}.jpg")[::8, ::8] for take in range(4)]
    for first in range(4):
        for second in range(first):
            assert np.abs(small[first] - small[second]).mean() > 4


def test_a_wordless_picture_is_the_same_one_without_its_headline(painter: Painter, tmp_path: Path) -> None:
    for wordless in (False, True):
        painter.paint(replace(scene(), wordless=wordless), tmp_path / f"{wordless}.jpg", always_wanted)
    differs = np.abs(pixels_of(tmp_path / "False.jpg") - pixels_of(tmp_path / "True.jpg")).mean(axis=2) > 40
    rows = np.flatnonzero(differs.any(axis=1))
    assert 0.01 < differs.mean() < 0.2
    # The headline stands in the upper part.
    assert rows.max() < 0.6 * differs.shape[0]


def test_the_colours_of_a_template_are_seen(painter: Painter, tmp_path: Path) -> None:
    for name, colours in {"red": Palette("#5A0010", "#FFFFFF", "#FFC828"), "green": Palette("#00301A")}.items():
        for seed in (1, 2):
            asked = replace(scene(2, seed), colours=colours)
            painter.paint(asked, tmp_path / "scene.jpg", always_wanted)
            red, green, _ = pixels_of(tmp_path / "scene.jpg").mean(axis=(0, 1))
            assert (red > 1.2 * green) if name == "red" else (green > 1.2 * red), (name, seed)


def test_a_heading_is_set_in_the_templates_type(painter: Painter, tmp_path: Path) -> None:
    shapes, pictures = {}, set()
    for font in Typeface:
        for wordless in (False, True):
            asked = replace(scene(), title="Tides", heading_font=font, wordless=wordless)
            painter.paint(asked, tmp_path / f"{wordless}.jpg", always_wanted)
        words = np.abs(pixels_of(tmp_path / "False.jpg") - pixels_of(tmp_path / "True.jpg")).mean(axis=2) > 60
        rows, columns = np.nonzero(words)
        shapes[font] = float(np.ptp(rows) / np.ptp(columns))
        pictures.add((tmp_path / "False.jpg").read_bytes())
    assert len(pictures) == len(Typeface)
    # The condensed one is the tallest for its width.
    assert shapes[Typeface.SOFIA] > 1.15 * max(shape for font, shape in shapes.items() if font != Typeface.SOFIA)


@pytest.mark.parametrize("text", ["The whole quay smells of fish.", "It costs $1,234,567.89 today, he said: “Never!”"])
def test_words_that_nobody_wrote_as_a_heading_are_never_painted(painter: Painter, tmp_path: Path, text: str) -> None:
    for wordless in (False, True):
        asked = replace(scene(), title=None, text=text, wordless=wordless)
        painter.paint(asked, tmp_path / f"{wordless}.jpg", always_wanted)
    assert (tmp_path / "False.jpg").read_bytes() == (tmp_path / "True.jpg").read_bytes()


@pytest.mark.parametrize("text", ["日本には火山が多い。", "في البدء كانت الكلمة", "🎉", "a" * 400, "word " * 4000])
def test_text_that_cannot_be_set_still_gets_a_picture(painter: Painter, tmp_path: Path, text: str) -> None:
    painter.paint(replace(scene(), text=text, title=None), tmp_path / "scene.jpg", always_wanted)
    assert pixels_of(tmp_path / "scene.jpg").std() > 5


@pytest.mark.parametrize(("width_px", "height_px"), [(64, 64), (4096, 64), (64, 4096), (1082, 606)])
def test_every_size_that_the_farm_accepts_is_painted(
    painter: Painter, tmp_path: Path, width_px: int, height_px: int
) -> None:
    for number in range(1, 7):
        painter.paint(
            replace(scene(number), width_px=width_px, height_px=height_px), tmp_path / "scene.jpg", always_wanted
        )
        assert pixels_of(tmp_path / "scene.jpg").shape[:2] >= (height_px, width_px)


@pytest.mark.parametrize("at", [1, 2, 12])
def test_a_cancel_is_heard_at_once_and_leaves_no_file(painter: Painter, tmp_path: Path, at: int) -> None:
    with pytest.raises(LeaseLost):
        painter.paint(scene(), tmp_path / "scene.jpg", canceled_at(at))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", [1, 3, 8])
def test_a_painter_asks_often_whether_it_is_still_wanted(painter: Painter, tmp_path: Path, seed: int) -> None:
    with asked_when() as asked:
        painter.paint(replace(scene(seed=seed), width_px=4096, height_px=4096), tmp_path / "scene.jpg", asked)
    assert asked.longest_s < LATEST_S


@pytest.mark.parametrize("place", UNWRITABLE)
def test_a_folder_that_is_gone_is_worth_another_attempt(painter: Painter, tmp_path: Path, place: str) -> None:
    out = UNWRITABLE[place](tmp_path)
    with pytest.raises(TransientError) as caught:
        painter.paint(scene(), out, always_wanted)
    assert not isinstance(caught.value, StorageFull)
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [1, 3, 8])
def test_the_words_can_be_read_and_keep_to_their_place(tmp_path: Path, size: str, seed: int) -> None:
    for number in range(1, len(SCENES) + 1):
        asked = scene(number, seed, size)
        DrawnPainter().paint(asked, tmp_path / "scene.jpg", always_wanted)
        pixels = pixels_of(tmp_path / "scene.jpg")
        height, width = pixels.shape[:2]
        found = headline(asked.title)
        if found is None:
            continue
        layout = lay_out(found, choose_look(seed).style, width, height)
        assert layout is not None, found.main

        words = np.maximum(layout.main, layout.sub)
        rows, columns = np.nonzero(words > 0.5)
        assert layout.top + rows.min() >= 0.10 * height
        assert layout.top + rows.max() <= 0.58 * height
        assert layout.left + columns.min() >= 0.13 * width
        assert layout.left + columns.max() <= 0.87 * width

        region = pixels[layout.top : layout.top + words.shape[0], layout.left : layout.left + words.shape[1]]
        bright = luminance(region)
        ink = float(np.median(bright[words > 0.98]))
        near = grown(words > 0.02, 6) & ~grown(words > 0.02, 2) & ~grown(layout.mark > 0.02, 3)
        ground = np.percentile(bright[near], [5, 95])
        assert min(contrast(ink, float(ground[0])), contrast(ink, float(ground[1]))) >= 4.5, (size, seed, found.main)


@pytest.mark.parametrize("size", SIZES)
def test_a_heading_that_is_written_from_the_right_stands_there(size: str) -> None:
    width, height = SIZES[size]
    flush = next(style for style in STYLES if not style.centred)
    found = {text: lay_out(Headline(text), flush, width, height) for text in ("קפה", "Kaffee")}
    hebrew, latin = (layout.box for layout in found.values() if layout is not None)
    assert hebrew[2] == pytest.approx(width - latin[0], abs=0.01 * width)
    assert hebrew[0] + hebrew[2] > width > latin[0] + latin[2]


@pytest.mark.parametrize("size", SIZES)
def test_the_captions_band_is_calm_enough_for_white_words(size: str) -> None:
    for seed in (2, 5):
        for number in range(1, 7):
            canvas = compose(scene(number, seed, size), always_wanted)
            band = luminance(canvas.pixels[int(0.64 * canvas.height) : int(0.78 * canvas.height) : 2, ::2])
            assert float(np.percentile(band, 90)) < 0.42, (size, seed, number)
            assert float(band.std()) < 0.16, (size, seed, number)


def grown(mask: np.ndarray, reach: int) -> np.ndarray:
    """`mask` with every true pixel spread by `reach` pixels in the four directions."""
    wide = mask.copy()
    for _ in range(reach):
        wide[1:] |= wide[:-1].copy()
        wide[:-1] |= wide[1:].copy()
        wide[:, 1:] |= wide[:, :-1].copy()
        wide[:, :-1] |= wide[:, 1:].copy()
    return wide

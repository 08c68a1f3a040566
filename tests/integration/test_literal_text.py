"""What a text may hold that other programs take for orders: drawn letter by letter here, and escaped in every page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from PIL import Image, ImageDraw

from app.api import create_app
from app.domain.caption_style import CaptionStyle
from app.domain.captions import Cue, break_into_cues, shape_for
from app.domain.errors import ServiceUnavailable
from app.domain.speech import Word
from app.domain.video import SceneInput
from app.media.caption_layout import lay_out
from app.media.caption_pictures import draw_shapes
from app.models.database import Database
from app.providers.own_text import clean_title, script_from_scenes, script_from_text
from app.typography.line_setting import Stroke
from app.typography.typefaces import font_of
from config.settings import load_settings
from tests.api_server import Api, data_of, serve
from tests.farms import ListBell, make_farm

WIDTH_PX, HEIGHT_PX = 1280, 720
# Orders to libass, to drawtext, and to a browser.
ORDERS = [
    r"{\p1} {\an8}{\fs200}big {hello} \N and \h",
    r"%{metadata:x} %{eif:1/0:d} %%",
    "<script>alert(1)</script> & \"quotes\" and 'more'",
    "<style>p{display:none}</style>",
    "${HOME} $(id) `id` {{7*7}} {%x%}",
]


def cues_of(text: str) -> list[Cue]:
    spoken = [Word(token, index * 0.4, index * 0.4 + 0.4) for index, token in enumerate(text.split())]
    return list(break_into_cues(spoken, shape_for(WIDTH_PX, HEIGHT_PX)))


def ink(stroke: Stroke, size_px: float, text: str) -> float:
    """How much of a picture the letters fill, each drawn by itself where it is alone."""
    font, total = font_of(stroke.face, size_px), 0.0
    for letter in text:
        picture = Image.new("L", (400, 400))
        ImageDraw.Draw(picture).text((150, 250), letter, 255, font, "ls")
        total += float(np.asarray(picture, np.float32).sum()) / 255
    return total


@pytest.mark.parametrize("text", ORDERS)
def test_a_text_is_drawn_as_it_was_written(text: str) -> None:
    # A code span's marks are Markdown's own.
    written = text.replace("`", "")
    drawn = ""
    for cue in cues_of(written):
        layout = lay_out(cue, WIDTH_PX, HEIGHT_PX, CaptionStyle())
        assert layout is not None
        strokes = [stroke for line, _, _ in layout.lines for stroke in line.strokes]
        drawn += "".join(stroke.text for stroke in strokes)
        shapes = draw_shapes(layout, WIDTH_PX, HEIGHT_PX, CaptionStyle())
        letters = sum(ink(stroke, layout.size_px, stroke.text) for stroke in strokes)
        # The picture holds the ink of each of its letters: none has vanished, and none became a drawing or grew.
        assert float(shapes.fill.sum()) == pytest.approx(letters, rel=0.02)
    assert drawn.replace(" ", "") == written.replace(" ", "")


@pytest.mark.parametrize("text", ORDERS)
def test_a_text_keeps_them_from_the_request_to_the_caption(text: str) -> None:
    said = f"He wrote {text} there."
    written = said.replace("`", "")
    (scene,) = script_from_text(said).scenes
    assert scene.text.split() == written.split()
    (scene,) = script_from_scenes([SceneInput(said)]).scenes
    assert scene.text.split() == written.split()
    assert (clean_title(said, "title") or "").split() == written.split()


class TroubledBell(ListBell):
    """A broker that says something strange of itself."""

    def check(self) -> None:
        raise ServiceUnavailable("<script>alert(1)</script> & more")


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    with serve(database, tmp_path / "home") as api:
        yield api


@pytest.fixture
def troubled(database: Database, tmp_path: Path) -> Flask:
    farm = replace(make_farm(database, tmp_path), bell=TroubledBell())
    return create_app(farm, load_settings({"SCENEWORKS_HOME": str(tmp_path / "home")}))


def test_every_page_escapes_what_it_shows(troubled: Flask) -> None:
    caller = troubled.test_client()
    home = caller.get("/", headers={"Accept": "text/html"}).text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in home and "<script" not in home
    for path in ("/", "/docs"):
        for host in ("<script>", 'x"><script>'):
            page = caller.get(path, headers={"Accept": "text/html", "Host": host}).text
            assert "<script" not in page


@pytest.mark.parametrize("text", ORDERS)
def test_the_api_gives_it_back_as_data_that_no_browser_takes_for_a_page(api: Api, text: str) -> None:
    job = api.accept(text=f"He wrote {text} there.", title=text, metadata={"note": text})
    answer = api.get(f"/api/jobs/{job['id']}")
    assert data_of(answer)["metadata"] == {"note": text}
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"

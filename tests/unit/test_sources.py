"""How scene sources are written: on the command line and in the client's requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.client import Background, Given, SceneEdit, SceneRequest, VideoRequest
from app.client.acts import edit_to_json
from workers.rendering.failures import RenderFailed
from workers.rendering.options import parse_options


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0b2545", Background("#0b2545")),
        ("#0B2545,#13315C", Background("#0b2545", "#13315c")),
        ("0b2545, 13315c", Background("#0b2545", "#13315c")),
    ],
)
def test_a_background_is_written_as_one_colour_or_two(written: str, meant: Background) -> None:
    assert parse_options(["story.md", "--background", written]).background == meant


@pytest.mark.parametrize("written", ["", "red", "#12345", "123456,", "123456,123456,123456"])
def test_another_background_is_a_fault_of_usage(written: str) -> None:
    with pytest.raises(RenderFailed, match="--background"):
        parse_options([str(Path("story.md")), "--background", written])


def test_the_client_sends_what_was_given_and_nothing_else() -> None:
    scenes = (SceneRequest("One.", background=Background("#112233")), SceneRequest("Two."))
    request = VideoRequest(scenes=scenes, metadata={"customer": "42"})
    assert request.to_json() == {
        "scenes": [{"text": "One.", "background": {"colour": "#112233"}}, {"text": "Two."}],
        "metadata": {"customer": "42"},
    }
    assert edit_to_json(SceneEdit(background=Given(Background("#112233", "#445566")))) == {
        "background": {"colour": "#112233", "to": "#445566"}
    }
    assert edit_to_json(SceneEdit(background=Given(None))) == {"background": None}

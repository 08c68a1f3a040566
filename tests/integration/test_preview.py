"""scripts/preview: a sheet of frames, or the faults of a template by their fields."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.templates import load_template
from workers.preview_cli import main, small_size


@pytest.mark.parametrize(("size", "expected"), [("9:16", (360, 640)), ("16:9", (640, 360)), ("128x96", (128, 96))])
def test_previews_are_small_and_of_the_shape_that_was_asked_for(size: str, expected: tuple[int, int]) -> None:
    assert small_size(size) == expected


def test_a_file_of_ones_own_is_drawn_as_a_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "ours.json"
    own.write_text(json.dumps({**load_template("pulse"), "name": "ours", "version": 4}))
    out = tmp_path / "sheet.png"
    assert main([str(own), "--size", "128x96", "--output", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["status"], told["template"], told["version"], told["frames"]) == ("succeeded", "ours", 4, 7)
    assert told["output"] == str(out)
    with Image.open(out) as sheet:
        pixels = np.asarray(sheet)
    # The outro's ground, which no painted picture has, and the paper between the frames.
    for colour in ((198, 255, 0), (255, 255, 255)):
        assert (np.abs(pixels.astype(int) - np.array(colour)).max(axis=2) < 16).mean() > 0.02


def test_every_fault_of_a_template_is_told_by_its_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "ours.json"
    own.write_text(json.dumps({"name": "Ours!", "colours": {"accent": "red"}, "motion": {"zoom": 3}, "glow": 1}))
    assert main([str(own), "--json"]) == 2
    said = capsys.readouterr()
    told = json.loads(said.out)
    fields = ["name", "colours.accent", "motion.zoom", "glow"]
    assert [fault["field"] for fault in told["error"]["errors"]] == fields
    assert [line.partition(":")[0] for line in said.err.splitlines()] == fields


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{", "line 1"), (b"[]", "one JSON object"), (b"\xff", "one JSON object"), (b"[" * 100_000, "one JSON object")],
)
def test_a_file_that_is_no_template_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    own = tmp_path / "ours.json"
    own.write_bytes(content)
    assert main([str(own)]) == 2
    assert said in capsys.readouterr().err


def test_unknown_names_and_folders_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["loud"]) == 2 and main([str(tmp_path)]) == 2
    assert main(["pulse", "--output", str(tmp_path / "none" / "x.png")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3 and "bulletin" in said[0] and "bulletin" in said[1] and "no such folder" in said[2]


def test_words_that_nobody_could_read_are_told_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "ours.json"
    own.write_text(json.dumps({"name": "ours", "intro": {"text": "ground"}}))
    assert main([str(own)]) == 2
    assert capsys.readouterr().err.startswith("intro.text: ")

"""Python effects on scenes: found by name alone, rendered by the real MoviePy, kept to the contract of every clip."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.domain.errors import EffectFailed, EffectMissing, LeaseLost
from app.media.clip import ClipSpec, render_clip
from app.media.effects import EffectCatalogue
from app.media.sources import FootagePiece, Plain, WithEffect
from tests.integration.test_clip import cues, photo, rgb_of
from tests.media_samples import make_clip, nobody_cares

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "effects"
SPEC = ClipSpec(180, 320, 30, frames=45, fade_frames=15, number=1, cues=(), caption_mode="word")
RED = "def effect(clip, level=200):\n    return clip.image_transform(lambda frame: frame * 0 + (level, 0, 0))\n"


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    return photo(tmp_path / "one.png", seed=1), photo(tmp_path / "two.png", seed=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "effects").mkdir()
    return tmp_path / "effects"


def written(folder: Path, name: str, body: str) -> EffectCatalogue:
    (folder / f"{name}.py").write_text(body, encoding="utf-8")
    return EffectCatalogue(folder)


def clip_with(tmp_path: Path, function: Any, source: Plain, spec: ClipSpec = SPEC, **settings: Any) -> list[Any]:
    """The frames of a last clip under the effect, as RGB."""
    out = tmp_path / "clip.mp4"
    shown = WithEffect(source, "tried", function, settings)
    render_clip(replace(spec, fade_frames=0), shown, None, out, nobody_cares)
    return rgb_of(out)


def plain_frames(tmp_path: Path, source: Plain) -> list[Any]:
    out = tmp_path / "plain.mp4"
    render_clip(replace(SPEC, fade_frames=0), source, None, out, nobody_cares)
    return rgb_of(out)


def test_an_effect_that_changes_nothing_shows_what_was_there(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    seen, plain = clip_with(tmp_path, lambda clip: clip, pictures[0]), plain_frames(tmp_path, pictures[0])
    assert len(seen) == len(plain) == SPEC.frames
    for one, other in zip(seen, plain, strict=True):
        assert np.abs(one - other).mean() < 4
        # No tint and no darkening: what is rounded is rounded to both sides.
        assert np.abs((one - other).mean(axis=(0, 1))).max() < 0.3


def test_a_clip_with_an_effect_keeps_the_contract_and_its_captions_lie_on_top(
    tmp_path: Path, pictures: tuple[Path, Path], folder: Path
) -> None:
    out, spec = tmp_path / "clip.mp4", replace(SPEC, cues=cues("white", width_px=180, height_px=320))
    red = WithEffect(pictures[0], "red", written(folder, "red", RED).load("red"), {"level": 150})
    report = render_clip(spec, red, pictures[1], out, nobody_cares)
    with av.open(str(out)) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
    frames = rgb_of(out)
    assert len(frames) == SPEC.frames and report.caption_box is not None
    assert np.abs(frames[20][20:60, 20:160].mean(axis=(0, 1)) - (150, 0, 0)).max() < 4
    left, top, right, bottom = report.caption_box
    # Green is in the letters alone.
    assert frames[5][top:bottom, left:right, 1].max() > 150
    # The tail fades to the next scene, which has no effect.
    assert frames[-1][20:60, 20:160, 1].mean() > 60


def test_a_fade_ends_in_the_effect_of_the_next_scene(tmp_path: Path, pictures: tuple[Path, Path], folder: Path) -> None:
    out, function = tmp_path / "clip.mp4", written(folder, "red", RED).load("red")
    render_clip(SPEC, pictures[0], WithEffect(pictures[1], "red", function, {}), out, nobody_cares)
    last = rgb_of(out)[-1]
    assert last[..., 0].mean() > 180 and last[..., 1].mean() < 30


@pytest.mark.parametrize("source", ["picture", "footage"])
def test_an_effect_may_turn_the_clip_round(tmp_path: Path, pictures: tuple[Path, Path], source: str) -> None:
    from moviepy import vfx

    shown: Plain = pictures[0]
    if source == "footage":
        footage = make_clip(tmp_path / "footage.mp4", 45, size=(180, 320))
        shown = FootagePiece(footage, 0.0, 1.5)
    backwards = clip_with(tmp_path, lambda clip: clip.with_effects([vfx.TimeMirror()]), shown)
    forwards = plain_frames(tmp_path, shown)
    for number in (0, 10, 44):
        assert (
            np.abs(backwards[number] - forwards[44 - number]).mean()
            < np.abs(backwards[number] - forwards[number]).mean() + 1
        )
    assert np.abs(backwards[0] - forwards[44]).mean() < 6


def test_an_effect_that_ends_early_stays_at_its_last_frame(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    from moviepy import vfx

    frames = clip_with(tmp_path, lambda clip: clip.with_effects([vfx.MultiplySpeed(3)]), pictures[0])
    assert len(frames) == SPEC.frames
    moving = plain_frames(tmp_path, pictures[0])
    assert np.abs(frames[20] - frames[44]).mean() < np.abs(moving[20] - moving[44]).mean() / 2


def test_what_a_mask_leaves_out_is_black(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    from moviepy import ImageClip

    upper = np.zeros((320, 180))
    upper[:160] = 1.0
    frames = clip_with(tmp_path, lambda clip: clip.with_mask(ImageClip(upper, is_mask=True)), pictures[0])
    assert frames[20][200:].mean() < 6 < 60 < frames[20][:120].mean()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "def effect(clip):\n    raise ValueError('no such colour')\n",
            r"no such colour \(wrong.py, line 2\)",
        ),
        ("def effect(clip):\n    return clip.resized(width=90)\n", "gives 90×160 instead of 180×320 pixels"),
        ("def effect(clip):\n    return None\n", "gives back NoneType, not a clip"),
        ("def effect(clip, *, colour):\n    return clip\n", "effect tried needs the setting colour. It takes: colour."),
        # Our own code fails on what it is given here, and no line of that is named.
        (
            "def effect(clip):\n    clip.get_frame = lambda t: [[['red'] * 3] * 180] * 320\n    return clip\n",
            "TypeError",
        ),
        ("def other(clip):\n    return clip\n", "has no function `effect"),
        ("import no_such_module\n", "cannot be loaded: ModuleNotFoundError"),
        ("def effect(clip:\n", "cannot be loaded: SyntaxError"),
        ("def effect(clip):\n    return clip.transform(lambda get, t: 1 / 0)\n", "ZeroDivisionError"),
        ("def effect(clip):\n    raise SystemExit('enough')\n", "SystemExit: enough"),
        ("def effect(clip):\n    raise KeyboardInterrupt('enough')\n", "KeyboardInterrupt: enough"),
        ("def effect(clip):\n    raise GeneratorExit('enough')\n", "GeneratorExit: enough"),
        ("import asyncio\ndef effect(clip):\n    raise asyncio.CancelledError\n", "CancelledError"),
        ("raise KeyboardInterrupt\n", "cannot be loaded: KeyboardInterrupt"),
        (
            "class Mute(Exception):\n    def __str__(self):\n        return 1\ndef effect(clip):\n    raise Mute\n",
            "failed: Mute: it does not say what",
        ),
        (
            "def effect(clip):\n    return clip.image_transform(lambda frame: frame * float('nan'))\n",
            "gives no picture: it has values like NaN",
        ),
        (
            "def effect(clip):\n    return clip.image_transform(lambda frame: frame + float('inf'))\n",
            "gives no picture: it has values like NaN",
        ),
    ],
)
def test_what_an_effect_does_wrong_is_told_as_its_fault_and_not_tried_again(
    tmp_path: Path, pictures: tuple[Path, Path], folder: Path, body: str, said: str
) -> None:
    with pytest.raises(EffectFailed, match=said) as failed:
        clip_with(tmp_path, written(folder, "wrong", body).load("wrong"), pictures[0])
    assert failed.value.code == "EFFECT_FAILED" and not failed.value.retryable
    assert "effect_view" not in failed.value.message


STARTS = """
import subprocess, sys
def effect(clip, note, start, fails=False):
    subprocess.run(["/bin/sh", "-c", start.replace("NOTE", note)])
    if fails:
        raise ValueError("no such colour")
    return clip
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody tells who started whom")
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize(
    "start", ["sleep 600 & echo $! >NOTE", "setsid sh -c 'trap : TERM; echo $$ >NOTE; sleep 600' & sleep 0.2"]
)
def test_what_an_effect_starts_ends_with_its_scene(
    tmp_path: Path, pictures: tuple[Path, Path], folder: Path, start: str, fails: bool
) -> None:
    note, bystander = tmp_path / "pid", subprocess.Popen(["sleep", "600"])
    function = written(folder, "starts", STARTS).load("starts")
    try:
        with pytest.raises(EffectFailed) if fails else nullcontext():
            clip_with(tmp_path, function, pictures[0], note=str(note), start=start, fails=fails)
        assert not Path("/proc", note.read_text().strip()).exists()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"colr": "red"}, r"The effect tried has no setting colr\. It takes: colour='#fff', strength: float = 0\.5\.$"),
        ({"strength": "high"}, r"The setting strength of the effect tried must be a number\. It takes: colour="),
        ({"clip": 1}, r"The effect tried has no setting clip\."),
    ],
)
def test_settings_that_a_function_does_not_take_are_told_by_what_it_takes(
    tmp_path: Path, pictures: tuple[Path, Path], settings: dict[str, Any], said: str
) -> None:
    def tried(clip: Any, colour="#fff", strength: float = 0.5) -> Any:  # type: ignore[no-untyped-def]
        return clip

    shown = WithEffect(pictures[0], "tried", tried, settings)
    with pytest.raises(EffectFailed, match=said) as failed:
        render_clip(replace(SPEC, fade_frames=0), shown, None, tmp_path / "clip.mp4", nobody_cares)
    assert not failed.value.retryable


def test_what_an_effect_takes_is_read_without_running_it(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "their_effects"
    (package / "looks").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('this was run')\n")
    (package / "looks" / "fade.py").write_text("raise RuntimeError('this was run')\ndef fade(clip, speed=1): ...\n")
    known = package.parent / "their_effects-1.0.dist-info"
    known.mkdir()
    (known / "METADATA").write_text("Metadata-Version: 2.1\nName: their-effects\nVersion: 1.0\n")
    (known / "entry_points.txt").write_text("[sceneworks.effects]\nfade = their_effects.looks.fade:fade\n")
    monkeypatch.syspath_prepend(str(package.parent))
    catalogue = written(folder, "red", RED)
    for name, setting in (("fade", "speed"), ("red", "level")):
        takes = catalogue.settings_of(name)
        assert takes is not None and list(takes.taken) == [setting]
    for name, body in {
        "decorated": "@wrapped\ndef effect(clip): ...\n",
        "assigned": "def effect(clip): ...\neffect = wrapped(effect)\n",
        "imported": "from elsewhere import effect\n",
        "chosen": "try:\n    def effect(clip): ...\nexcept ImportError:\n    def effect(clip, **more): ...\n",
        "broken": "def effect(clip:\n",
    }.items():
        assert written(folder, name, body).settings_of(name) is None
    assert catalogue.settings_of("absent") is None


def test_a_worker_without_moviepy_says_what_to_install(
    tmp_path: Path, pictures: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Python has it where a module cannot be imported.
    monkeypatch.setitem(sys.modules, "moviepy", None)
    with pytest.raises(EffectFailed, match=r"MoviePy is not installed on this worker: pip install"):
        clip_with(tmp_path, lambda clip: clip, pictures[0])


def test_a_canceled_clip_ends_inside_its_effect(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    def canceled(fraction: float) -> None:
        if fraction > 0:
            raise LeaseLost("The step was canceled.")

    shown = WithEffect(pictures[0], "plain", lambda clip: clip, {})
    with pytest.raises(LeaseLost):
        render_clip(replace(SPEC, frames=600, fade_frames=0), shown, None, tmp_path / "out.mp4", canceled)


def test_effects_are_found_in_the_folder_and_in_packages_and_nowhere_else(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "our_effects"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def fade(clip):\n    return clip\n")
    known = package.parent / "our_effects-1.0.dist-info"
    known.mkdir()
    (known / "METADATA").write_text("Metadata-Version: 2.1\nName: our-effects\nVersion: 1.0\n")
    (known / "entry_points.txt").write_text("[sceneworks.effects]\nours = our_effects:fade\n")
    monkeypatch.syspath_prepend(str(package.parent))
    (folder / "Not A Name.py").write_text(RED)
    (tmp_path / "outside.py").write_text(RED)
    catalogue = written(folder, "red", RED)
    assert catalogue.names() == ("ours", "red")
    assert callable(catalogue.load("ours")) and len(catalogue.version_of("ours")["code"]) == 64
    for name in ("../outside", "os", "our_effects", "Not A Name", "absent"):
        with pytest.raises(EffectMissing, match="It has: ours, red"):
            catalogue.load(name)
        with pytest.raises(EffectMissing):
            catalogue.version_of(name)


def test_another_line_of_code_is_another_version(folder: Path) -> None:
    before = written(folder, "red", RED).version_of("red")
    assert EffectCatalogue(folder).version_of("red") == before
    assert written(folder, "red", RED + "\n").version_of("red") != before


def test_a_scene_without_an_effect_never_loads_moviepy(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.integration.test_effects import SPEC, nobody_cares\n"
        "from app.media.clip import render_clip, warm_up\n"
        "import app.api, app.services.steps, app.bootstrap, workers.celery_app\n"
        "warm_up(); render_clip(SPEC, *map(Path, sys.argv[1:]), nobody_cares)\n"
        "print('moviepy' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        [sys.executable, "-c", code, *pictures, tmp_path / "out.mp4"],
        check=True,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == "False"


def test_the_worked_example_does_what_its_guide_says(tmp_path: Path, pictures: tuple[Path, Path]) -> None:
    function = EffectCatalogue(EXAMPLES).load("tint")
    frames = clip_with(tmp_path, function, pictures[0], colour="#a01030", strength=1.0)
    plain = plain_frames(tmp_path, pictures[0])
    corner, middle = np.s_[:24, :24], np.s_[150:170, 80:100]
    assert np.abs(frames[0][corner].mean(axis=(0, 1)) - (0xA0, 0x10, 0x30)).max() < 40
    assert np.abs(frames[0][middle] - plain[0][middle]).mean() < 6

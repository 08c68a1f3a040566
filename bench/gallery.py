"""Frames of finished videos, side by side, for docs/gallery.md.

    scripts/gallery [--output docs/images/gallery] [--only NAME]

A farm of its own makes every video whole, from text to output gate; each becomes one strip of frames. Three templates
in three shapes, then four writing systems.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image

from app.client import SceneRequest, VideoRequest
from app.media.poster import rgb_of
from bench.farms import BenchFarm, fresh_farm
from tests.stopping import unwind_on_sigterm

ROOT = Path(__file__).parents[1]
STRIP_HEIGHT_PX = 420
GAP_PX = 10
# Shares of the video: its title, its scenes, and what lies between them.
MOMENTS = (0.06, 0.22, 0.42, 0.62, 0.8, 0.97)
JPEG_QUALITY = 82


@dataclass(frozen=True)
class Exhibit:
    name: str
    request: VideoRequest


TIDES = (
    SceneRequest("Twice a day the sea comes up the beach, and twice a day it goes.", title="The sea breathes"),
    SceneRequest("The Moon pulls at the water, and the water leans towards it.", title="A pull from afar"),
    SceneRequest("We turn beneath that bulge, and call it the tide.", title="We do the moving"),
)
TEMPLATES = ("bulletin", "storybook", "nightfall")
SIZES = ("9:16", "16:9", "1:1")
# Name, language, and of each scene its heading and its words.
WRITTEN = (
    (
        "arabic",
        "ar",
        ("البحر يتنفس", "البحر يتنفس مرتين في اليوم."),
        ("من يشد الماء؟", "القمر يشد الماء نحوه، ونحن ندور تحته."),
    ),
    ("hindi", "hi", ("समुद्र की साँस", "समुद्र दिन में दो बार साँस लेता है।"), ("चाँद का खिंचाव", "चाँद पानी को अपनी ओर खींचता है।")),
    (
        "japanese",
        "ja",
        ("海は生きている", "うみは いちにちに にど いきを する。"),
        ("月が引きよせる水", "つきが みずを ひきよせ、わたしたちは その したを まわる。"),
    ),
    (
        "russian",
        "ru",
        ("Море дышит", "Дважды в день море дышит."),
        ("Кто тянет воду?", "Луна тянет к себе воду, а мы вращаемся под ней."),
    ),
)


def exhibits() -> list[Exhibit]:
    shown = [
        Exhibit(
            f"{template}-{size.replace(':', 'x')}",
            VideoRequest(scenes=TIDES, title="The tides", template=template, size=size, brand=False),
        )
        for template in TEMPLATES
        for size in SIZES
    ]
    for name, language, *told in WRITTEN:
        scenes = tuple(SceneRequest(text, title=title) for title, text in told)
        shown.append(Exhibit(name, VideoRequest(scenes=scenes, language=language, size="9:16")))
    return shown


def make_strip(farm: BenchFarm, exhibit: Exhibit, folder: Path, out: Path) -> None:
    job = farm.make(exhibit.request)
    video = folder / f"{exhibit.name}.mp4"
    output = job.output("video.mp4")
    assert output is not None
    farm.client.download(job.id, output, video)
    frames = frames_at(video, MOMENTS)
    shown = [frame.resize((round(frame.width * STRIP_HEIGHT_PX / frame.height), STRIP_HEIGHT_PX)) for frame in frames]
    if shown[0].width > shown[0].height:
        # Landscape frames are large at this height: every other one tells enough.
        shown = shown[::2]
    width = sum(frame.width + GAP_PX for frame in shown) - GAP_PX
    strip = Image.new("RGB", (width, STRIP_HEIGHT_PX), "white")
    left = 0
    for frame in shown:
        strip.paste(frame, (left, 0))
        left += frame.width + GAP_PX
    strip.save(out, quality=JPEG_QUALITY, optimize=True)


def frames_at(video: Path, moments: tuple[float, ...]) -> list[Image.Image]:
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        wanted = {round(moment * (stream.frames - 1)) for moment in moments}
        found = enumerate(container.decode(stream))
        return [Image.fromarray(rgb_of(frame)) for number, frame in found if number in wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images" / "gallery", help="a folder for JPEGs")
    parser.add_argument("--only", metavar="NAME", help="make one of them: bulletin-9x16, arabic, …")
    arguments = parser.parse_args()
    unwind_on_sigterm()
    wanted = [exhibit for exhibit in exhibits() if arguments.only in (None, exhibit.name)]
    if not wanted:
        parser.error(f"--only {arguments.only}: there are {', '.join(exhibit.name for exhibit in exhibits())}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, fresh_farm(cpu_slots=2) as farm:
        for exhibit in wanted:
            out = arguments.output / f"{exhibit.name}.jpg"
            make_strip(farm, exhibit, Path(folder), out)
            print(out.relative_to(ROOT) if out.is_relative_to(ROOT) else out, flush=True)


if __name__ == "__main__":
    main()

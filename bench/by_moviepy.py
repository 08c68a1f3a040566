"""The benchmark's video as a user of MoviePy writes it: python -m bench.by_moviepy WORK.json OUT.mp4

WORK.json: {"width_px", "height_px", "fps", "duration_s", "music", "scenes": [{"picture", "sound", "start_s",
"speech_at_s", "duration_s", "fade_s"}], "captions": [{"text", "highlight", "start_s", "end_s"}], "font"}. Zoom, fade,
a caption for each word, music under the voice, the same preset and quality; no loudness, no gate.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from moviepy import (
    AudioFileClip,
    CompositeAudioClip,
    CompositeVideoClip,
    ImageClip,
    TextClip,
    afx,
    vfx,
)

ZOOM = 1.12


def scene_clip(scene: dict[str, Any], width_px: int, height_px: int) -> Any:
    still = ImageClip(scene["picture"])
    still = still.resized(max(width_px / still.w, height_px / still.h)).with_duration(scene["duration_s"])
    moving = still.resized(lambda at: 1 + (ZOOM - 1) * at / scene["duration_s"]).with_position("center")
    shown = CompositeVideoClip([moving], size=(width_px, height_px)).with_start(scene["start_s"])
    return shown.with_effects([vfx.CrossFadeIn(scene["fade_s"])]) if scene["fade_s"] else shown


def caption_clips(caption: dict[str, Any], font: str, width_px: int, height_px: int) -> list[Any]:
    """The line in white, and the word that is spoken over it in yellow."""
    size = round(height_px * 0.04)
    look = {"font": font, "font_size": size, "stroke_color": "black", "stroke_width": size // 12, "margin": (8, 16)}
    line = TextClip(text=caption["text"], color="white", **look)
    word = TextClip(text=caption["highlight"], color="yellow", **look)
    before = caption["text"][: caption["text"].index(caption["highlight"])]
    offset = TextClip(text=before, color="white", **look).w - 16 if before.strip() else 0
    left, top = (width_px - line.w) // 2, round(height_px * 0.72)
    return [
        clip.with_position((at, top)).with_start(caption["start_s"]).with_end(caption["end_s"])
        for clip, at in ((line, left), (word, left + offset))
    ]


def main() -> None:
    work, out = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[2]
    size = work["width_px"], work["height_px"]
    clips = [scene_clip(scene, *size) for scene in work["scenes"]]
    for caption in work["captions"]:
        clips += caption_clips(caption, work["font"], *size)
    voices = [AudioFileClip(scene["sound"]).with_start(scene["speech_at_s"]) for scene in work["scenes"]]
    music = AudioFileClip(work["music"]).with_effects(
        [afx.AudioLoop(duration=work["duration_s"]), afx.MultiplyVolume(0.15), afx.AudioFadeOut(3)]
    )
    video = CompositeVideoClip(clips, size=size).with_duration(work["duration_s"])
    video.with_audio(CompositeAudioClip([*voices, music])).write_videofile(
        out,
        fps=work["fps"],
        codec="libx264",
        preset="veryfast",
        audio_codec="aac",
        threads=os.cpu_count(),
        ffmpeg_params=["-crf", "23"],
        logger=None,
    )


if __name__ == "__main__":
    main()

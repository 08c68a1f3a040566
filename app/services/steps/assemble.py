"""The finished file: clips and sound joined without encoding anything again, with poster and subtitles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.plan import INTRO, OUTRO, clip_name
from app.domain.subtitles import subtitle_cues, to_srt, to_vtt
from app.domain.timeline import lay_out, whole_frames
from app.media.join import join_video
from app.media.poster import make_poster
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.clip import OUTPUT as CLIP
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler
from app.services.steps.narration import WORDS, load_speech
from app.services.steps.soundtrack import OUTPUT as SOUNDTRACK
from app.services.steps.soundtrack import narrations_of, pace_of

VIDEO = "video.mp4"
SRT = "captions.srt"
VTT = "captions.vtt"
POSTER = "poster.jpg"
POSTER_AT_S = 1.0
CARDS = (INTRO, OUTRO)


class AssembleStep(StepHandler):
    version = 2  # Subtitles of scripts without spaces are cut into phrases, and no space is put between them.
    publishes = (VIDEO, SRT, VTT, POSTER)

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        return {
            "params": claim.params,
            "clips": self._clips(claim),
            "soundtrack": claim.upstream["soundtrack"][SOUNDTRACK].sha256,
            "words": [narration[WORDS].sha256 for narration in narrations_of(claim)],
        }

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        params, folder = claim.params, bench.folder
        metadata = {"title": params["title"], "language": params["language"]}
        join_video(
            [farm.storage.path(sha256) for sha256 in self._clips(claim)],
            farm.storage.path(claim.upstream["soundtrack"][SOUNDTRACK].sha256),
            fps=params["fps"],
            out=folder / VIDEO,
            metadata={key: value for key, value in metadata.items() if value},
            report=bench.report,
        )
        make_poster(folder / VIDEO, at_s=POSTER_AT_S, out=folder / POSTER)
        speeches = [load_speech(farm.storage.path(narration[WORDS].sha256)) for narration in narrations_of(claim)]
        pace = pace_of(claim)
        timings = lay_out([speech.duration_s for speech in speeches], params["fps"], pace)
        frames = whole_frames(timings, pace)
        cues = subtitle_cues(
            (timing.speech_at_s, speech.words) for speech, timing in zip(speeches, timings, strict=True)
        )
        (folder / SRT).write_text(to_srt(cues), encoding="utf-8")
        (folder / VTT).write_text(to_vtt(cues), encoding="utf-8")
        files = {
            VIDEO: OutputFile(folder / VIDEO, "video/mp4"),
            SRT: OutputFile(folder / SRT, "application/x-subrip"),
            VTT: OutputFile(folder / VTT, "text/vtt"),
            POSTER: OutputFile(folder / POSTER, "image/jpeg"),
        }
        return Outcome(files, {"frames": frames, "duration_s": frames / params["fps"], "cues": len(cues)})

    def _clips(self, claim: Claim) -> list[str]:
        """In the order in which they are shown; a title card is there if the template asked for one."""
        names = [INTRO, *(clip_name(number) for number in range(1, claim.params["count"] + 1)), OUTRO]
        return [claim.upstream[name][CLIP].sha256 for name in names if name in claim.upstream or name not in CARDS]

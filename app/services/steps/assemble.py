"""The finished file: clips and sound joined without encoding anything again, with poster and subtitles."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.domain.step_names import ASSEMBLE, POSTER, VIDEO, clips_in_order
from app.domain.subtitles import subtitle_cues, to_srt, to_vtt
from app.domain.timeline import lay_out, whole_frames
from app.media.even_out import even_out
from app.media.join import join_video
from app.media.poster import make_poster, shown_at
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.clip import OUTPUT as CLIP
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler
from app.services.steps.narration import WORDS, load_speech
from app.services.steps.soundtrack import OUTPUT as SOUNDTRACK
from app.services.steps.soundtrack import narrations_of, pace_of

SRT = "captions.srt"
VTT = "captions.vtt"
POSTER_AT_S = 1.0


class AssembleStep(StepHandler):
    version = 4  # Subtitles are parted by dictionaries, have the author's spaces, and keep to the ends of sentences.
    publishes = (VIDEO, SRT, VTT, POSTER)

    def published(self, claim: Claim) -> tuple[str, ...]:
        # A variant is published by its check, under a name of its own.
        return self.publishes if claim.name == ASSEMBLE else ()

    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        return {
            "params": claim.params,
            "clips": list(self._clips(claim).values()),
            "soundtrack": claim.upstream["soundtrack"][SOUNDTRACK].sha256,
            "words": [narration[WORDS].sha256 for narration in narrations_of(claim)],
        }

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        params, folder = claim.params, bench.folder
        metadata = {"title": params["title"], "language": params["language"]}
        named = self._clips(claim)
        made = [farm.storage.path(sha256) for sha256 in named.values()]
        clips, coded_again = even_out(made, folder, fps=params["fps"], report=bench.report)
        shown, at_s = shown_at(clips, params["fps"], POSTER_AT_S)
        # Nothing else of the job can run now: the poster has a core to itself, and needs only the clip that shows it.
        with ThreadPoolExecutor(1) as beside:
            poster = beside.submit(make_poster, shown, at_s=at_s, out=folder / POSTER)
            join_video(
                clips,
                farm.storage.path(claim.upstream["soundtrack"][SOUNDTRACK].sha256),
                fps=params["fps"],
                out=folder / VIDEO,
                metadata={key: value for key, value in metadata.items() if value},
                report=bench.report,
            )
            poster.result()
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
        facts = {"frames": frames, "duration_s": frames / params["fps"], "cues": len(cues)}
        again = [name for number, name in enumerate(named, start=1) if number in coded_again]
        return Outcome(files, {**facts, **({"coded_again": again} if again else {})})

    def _clips(self, claim: Claim) -> dict[str, str]:
        """Their SHA-256 by the steps' names, in the order in which they are shown."""
        return {name: claim.upstream[name][CLIP].sha256 for name in clips_in_order(claim.upstream)}

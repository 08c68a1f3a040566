"""A scene's words, spoken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.domain.speech import Speech, Word
from app.providers.protocols import SpeechRequest
from app.services.claim_step import Claim
from app.services.farm import Farm
from app.services.steps.handler import Bench, Outcome, OutputFile, StepHandler

SOUND = "speech.wav"
WORDS = "words.json"


class NarrationStep(StepHandler):
    def work(self, farm: Farm, claim: Claim) -> Mapping[str, Any]:
        return {"provider": farm.voice.name, "provider_version": farm.voice.version, **claim.params}

    def run(self, farm: Farm, claim: Claim, bench: Bench) -> Outcome:
        sound, words = bench.folder / SOUND, bench.folder / WORDS
        speech = farm.voice.speak(SpeechRequest(**claim.params), sound, bench.still_wanted)
        words.write_text(json.dumps(asdict(speech), ensure_ascii=False), encoding="utf-8")
        return Outcome(
            {SOUND: OutputFile(sound, "audio/wav"), WORDS: OutputFile(words, "application/json")},
            {"provider": farm.voice.name, "provider_version": farm.voice.version, "duration_s": speech.duration_s},
        )


def load_speech(path: Path) -> Speech:
    """The words and times that a narration step stored."""
    value = json.loads(path.read_text(encoding="utf-8"))
    return Speech(value["duration_s"], tuple(Word(**word) for word in value["words"]))

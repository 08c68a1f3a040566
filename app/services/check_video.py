"""What can be known to be wrong with a video before anything is stored or made of it, whoever asks for it."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.effects import Effect, unknown_effect
from app.domain.errors import InvalidInput, MissingGlyphs, ProviderNotConfigured
from app.domain.plan_look import written_titles
from app.domain.script import Script
from app.domain.video import CaptionMode, VideoInput
from app.providers.own_text import script_from_scenes, script_from_text
from app.services.farm import Farm
from app.typography.lettering import advice_for, check_glyphs


def check_video(farm: Farm, video: VideoInput) -> Script | None:
    """Everything that can be known to be wrong before the job is accepted. The script, if it is known as well."""
    if sum(given is not None for given in (video.text, video.scenes, video.prompt)) != 1:
        raise InvalidInput("text", "Give exactly one of text, scenes and prompt.")
    if video.prompt is not None and not video.prompt.strip():
        raise InvalidInput("prompt", "The prompt is empty.")
    check_providers(farm, video)
    _check_effects(farm, video)
    if video.prompt is not None:
        return None
    script = script_from_text(video.text) if video.text is not None else script_from_scenes(video.scenes or ())
    _check_shown(script, video, "scenes" if video.text is None else "text")
    return script


def _check_effects(farm: Farm, video: VideoInput) -> None:
    of_scenes = [(f"scenes.{index}.effect", scene.effect) for index, scene in enumerate(video.scenes or ())]
    for field, effect in [("effect", video.effect), *of_scenes]:
        if effect is not None:
            check_effect(farm, field, effect)


def check_effect(farm: Farm, field: str, effect: Effect) -> None:
    """InvalidInput below `field` for an effect that there is not, or settings that it does not take.

    The workers have the effects that the API's host has; where they have not, the step says so.
    """
    if effect.name not in (known := farm.effects.names()):
        raise InvalidInput(f"{field}.name", unknown_effect(known))
    takes = farm.effects.settings_of(effect.name)
    if takes is not None and (fault := takes.fault(effect.name, effect.settings)) is not None:
        below = "settings" if fault.setting is None else f"settings.{fault.setting}"
        raise InvalidInput(f"{field}.{below}", fault.message)


def _check_shown(script: Script, video: VideoInput, field: str) -> None:
    """Words that cannot be drawn would fail the job when everything has been spoken already."""
    if video.captions != CaptionMode.OFF:
        texts = [video.shown(scene.text) for scene in script.scenes]
        check_letters(texts, field, "captions", "leave these characters out, or set captions to off")
    check_letters(written_titles(script, video), "template", "titles", "leave these characters out of the titles")


def check_letters(texts: Sequence[str], field: str, what: str, otherwise: str) -> None:
    """InvalidInput on `field` when no font here can draw all of `texts`."""
    try:
        check_glyphs(texts)
    except MissingGlyphs as error:
        missing = error.details["characters"]
        named = ", ".join(f"U+{ord(character):04X}" for character in missing[:10])
        raise InvalidInput(
            field,
            f"The {what} have no letters for {named}{' and others' if len(missing) > 10 else ''}"
            f"{advice_for(missing)}. Otherwise {otherwise}.",
        ) from None


def check_providers(farm: Farm, video: VideoInput) -> None:
    """InvalidInput for a language or voice that the farm cannot speak, ProviderNotConfigured for a prompt to no one."""
    farm.voice.check(video.language, video.voice)
    if video.prompt is not None and farm.writer is None:
        raise ProviderNotConfigured(
            "A prompt needs a language model and none is configured. "
            "Set OPENAI_API_KEY (and OPENAI_BASE_URL for a compatible server of your own), or send text or scenes.",
            settings=["OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"],
        )

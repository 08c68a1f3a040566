"""What of a template each clip must know, as the parameters of its step.

Only what its own frames show: another lower third makes no other clip where the scene has no title, and what equals
the default is left out, so that what was made before there were templates is adopted still.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.domain.caption_style import CaptionPosition
from app.domain.free_band import free_band
from app.domain.look import TitleCard, corner_for, title_card
from app.domain.script import Scene, Script
from app.domain.sources import Background
from app.domain.template import Corner, Logo, Motion, Palette, Template, Transition, changes
from app.domain.typeface import Typeface
from app.domain.video import CaptionMode, VideoInput

LOGO_GAP = 0.02  # of the height: between the logo and a painted heading


@dataclass(frozen=True)
class Cards:
    intro: TitleCard | None = None
    outro: TitleCard | None = None


def cards_of(script: Script, video: VideoInput) -> Cards:
    """The title cards that this video has."""
    template = video.template
    if template is None:
        return Cards()
    words = {"title": video.title or script.title, "brand": None if video.brand is None else video.brand.name}
    return Cards(title_card(template.intro, template, **words), title_card(template.outro, template, **words))


def has_lower_thirds(video: VideoInput) -> bool:
    return video.template is not None and video.template.lower_third is not None


def written_titles(script: Script, video: VideoInput) -> list[str]:
    """All words beside the captions that the template writes into the picture."""
    cards = cards_of(script, video)
    lines = [line for card in (cards.intro, cards.outro) if card is not None for line in card.lines]
    return lines + [scene.title for scene in script.scenes if scene.title and has_lower_thirds(video)]


def painted_look(scene: Scene, video: VideoInput) -> dict[str, Any]:
    """Of a painted picture: the colours where the template or the brand names any, and its heading's look."""
    template = video.template
    has_colours = template is not None and template.colours != Palette()
    look: dict[str, Any] = {"colours": asdict(template.colours)} if template is not None and has_colours else {}
    return {**look, **_heading(video)} if scene.title else look


def _heading(video: VideoInput) -> dict[str, Any]:
    """Whether a picture may say its scene's title, where on it, and in which type."""
    has_captions = video.captions != CaptionMode.OFF
    if has_lower_thirds(video) or (has_captions and video.caption_style.position != CaptionPosition.BOTTOM):
        # Captions would lie over it, or the lower third says the same.
        return {"wordless": True}
    look: dict[str, Any] = {"language": video.language}
    if top := _words_from(video):
        look["words_from"] = top
    font = None if video.template is None else video.template.fonts.titles
    return look if font is None else {**look, "heading_font": font.value}


def _words_from(video: VideoInput) -> float:
    """Where on a painted picture a heading may begin, as a share of its height, to stay below the logo; 0 without one.

    When the camera looks down, all of the picture lies higher in the frame.
    """
    template, width_px, height_px = video.template, video.width_px, video.height_px
    logo = None if template is None else template.logo
    if template is None or logo is None or logo.asset is None or not _corner_of(logo, video).is_top:
        return 0.0
    in_frame = free_band(width_px, height_px)[0] + logo.size * min(width_px, height_px) / height_px + LOGO_GAP
    top, size = template.motion.lowest_look
    return round(max(in_frame, top + in_frame * size), 4)


def template_look(scene: Scene, video: VideoInput, *, is_last: bool, is_before_card: bool) -> dict[str, Any]:
    """Of a scene's clip. `is_last`: nothing follows it; `is_before_card`: what follows is no scene."""
    template = video.template
    if template is None:
        return {}
    look: dict[str, Any] = {}
    if scene.has_picture and (motion := changes(template.motion, Motion())):
        look["motion"] = motion
    if template.lower_third is not None and scene.title:
        look["title"] = {
            "words": scene.title,
            "font": template.fonts.written_titles.value,
            "look": asdict(template.lower_third),
        }
    if not is_last:
        look |= transition_params(video, is_before_card=is_before_card)
    if template.logo is not None and template.logo.asset is not None:
        look["logo"] = _logo_params(template, video)
    return look


def transition_params(video: VideoInput, *, is_before_card: bool) -> dict[str, Any]:
    """The way from a clip to the next; a still picture that is shown there moves as the template has it."""
    if video.template is None:
        return {}
    found = changes(video.template.transition, Transition())
    look: dict[str, Any] = {"transition": found} if found else {}
    if is_before_card:
        look["is_before_card"] = True
    return look


def card_look(card: TitleCard, video: VideoInput) -> dict[str, Any]:
    """Of a title card's clip."""
    template = video.template
    look: dict[str, Any] = {"title_card": {**asdict(card), "lines": list(card.lines)}, "language": video.language}
    if template is not None:
        if motion := changes(template.motion, Motion()):
            look["motion"] = motion
        if template.logo is not None and template.logo.asset is not None:
            look["logo"] = _logo_params(template, video)
    return look


def title_card_from(value: Mapping[str, Any]) -> TitleCard:
    """The card that `card_look` wrote down."""
    return TitleCard(
        **{
            **value,
            "lines": tuple(value["lines"]),
            "background": Background(**value["background"]),
            "font": Typeface(value["font"]),
        }
    )


def _logo_params(template: Template, video: VideoInput) -> dict[str, Any]:
    """The file, and the corner in which it keeps clear of what is written."""
    logo = template.logo
    assert logo is not None and logo.asset is not None
    return {
        "asset": (video.assets or {})[logo.asset],
        "corner": _corner_of(logo, video).value,
        "size": logo.size,
        "opacity": logo.opacity,
    }


def _corner_of(logo: Logo, video: VideoInput) -> Corner:
    captions = None if video.captions == CaptionMode.OFF else video.caption_style.position
    return corner_for(logo.corner, captions, has_lower_thirds=has_lower_thirds(video))

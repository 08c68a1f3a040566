"""A video put into its template: what was asked for, with every colour concrete and the brand's own in it."""

from __future__ import annotations

from dataclasses import replace

from app.domain.legible import legible
from app.domain.look import Brand, branded, resolved
from app.domain.video import VideoInput


def dress(video: VideoInput, brand: Brand | None = None) -> VideoInput:
    """The video as it is accepted; one without a template stays as it is."""
    if video.template is None:
        return video
    template = resolved(video.template)
    if brand is not None:
        template = legible(resolved(branded(video.template, brand)), template)
    return replace(
        video,
        template=template,
        brand=brand,
        captions=template.caption_mode,
        caption_style=template.caption_style,
    )

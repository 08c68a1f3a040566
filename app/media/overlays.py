"""What a template lays over a scene, as the renderer is told it. Light, as `sources` is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.domain.template import Logo, LowerThird
from app.domain.typeface import Typeface


@dataclass(frozen=True)
class SceneTitle:
    """A scene's title in a lower third; the look's colours are concrete."""

    text: str
    look: LowerThird
    font: Typeface


@dataclass(frozen=True)
class Watermark:
    """A logo's file and where it stands. Over a title card there is none: it comes or goes with the transition."""

    path: Path
    look: Logo
    on_scene: bool = True
    on_next: bool = True

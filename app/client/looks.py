"""Templates and the brand kit, as a farm tells of them and takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class TemplateInfo:
    """A look that ships with the farm; `name` is what `VideoRequest.template` takes."""

    name: str
    version: int
    description: str

    @classmethod
    def from_json(cls, value: Any) -> Self:
        return cls(value["name"], value["version"], value["description"])


@dataclass(frozen=True)
class BrandColours:
    """`#RRGGBB` each; None leaves a template's own."""

    ground: str | None = None
    text: str | None = None
    accent: str | None = None


@dataclass(frozen=True)
class BrandKit:
    """What takes the place of a template's own; None leaves it. `logo` is an asset id, `font` as in `Captions`."""

    name: str | None = None
    colours: BrandColours = BrandColours()
    font: str | None = None
    logo: str | None = None

    @classmethod
    def from_json(cls, value: Any) -> Self:
        colours = value["colours"]
        named = BrandColours(colours["ground"], colours["text"], colours["accent"])
        return cls(value["name"], named, value["font"], value["logo"])

"""A script: the scenes of a video, with the words that are spoken and shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scene:
    """One picture and the words spoken over it.

    `number` counts from 1. `text` is what is spoken AND what the captions show: one line,
    tokens separated by single spaces, so that `text.split(" ")` are the caption's words.
    `title` is the heading it stands under, on the first scene below that heading only.
    `image` is an asset id of the caller's, or None for a painted picture.
    """

    number: int
    text: str
    title: str | None = None
    image: str | None = None


@dataclass(frozen=True)
class Script:
    """`notes` say, a sentence each, what of the caller's text was left out and why."""

    title: str | None
    scenes: tuple[Scene, ...]
    notes: tuple[str, ...] = ()

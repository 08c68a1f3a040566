"""The band of a frame that the apps and players around it leave free."""

from __future__ import annotations

PORTRAIT_FROM = 1.5  # height over width from which a video is shown full screen on a phone


def free_band(width_px: int, height_px: int) -> tuple[float, float]:
    """Its top and bottom, as shares of the height.

    TikTok, Reels and Shorts lay tabs and search over the upper edge of a portrait video, and its title over the lowest
    quarter. Elsewhere the margin is that of EBU R 95, five per cent.
    """
    return (0.12, 0.80) if height_px / width_px >= PORTRAIT_FROM else (0.05, 0.95)

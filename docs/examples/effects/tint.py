"""Tints a scene, strongest at its edges, and lets the tint come and go. `colour` is #rrggbb, `strength` 0 to 1."""

import numpy as np


def effect(clip, colour="#0b2545", strength=0.8, beats_per_minute=30.0):
    width, height = clip.size
    tint = np.array(list(bytes.fromhex(colour.removeprefix("#"))), np.float32)
    # 0 in the middle, 1 in the corners.
    x = np.linspace(-1, 1, width, dtype=np.float32)[np.newaxis, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, np.newaxis]
    reach = ((x**2 + y**2) / 2)[..., np.newaxis]

    def tinted(get_frame, t):
        # Full at the first frame, so that the crossfade into the scene ends where the scene begins.
        breath = 0.75 + 0.25 * np.cos(2 * np.pi * t * beats_per_minute / 60)
        share = np.float32(strength * breath) * reach
        return np.rint(get_frame(t) * (1 - share) + tint * share).astype(np.uint8)

    return clip.transform(tinted)

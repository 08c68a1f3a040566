"""What the frames of a clip look like, measured as they are made: brightness, and how long nothing moves."""

from __future__ import annotations

import cv2
import numpy as np

from app.media.picture_planes import Plane
from app.media.warp import FramePlanes

EVERY_ROW = 16  # a sixteenth of the rows tells as much, and costs next to nothing
VISIBLE_LEVELS = 4  # a change of any pixel by more than this, of 255, can be seen


class FrameWatch:
    """Feed it every frame in order."""

    def __init__(self) -> None:
        self.min_luma_mean, self.max_luma_mean = 255.0, 0.0
        self.frozen_longest_frames = 0
        self._frozen_frames = 0
        self._last_seen: Plane | None = None

    def see(self, frame: FramePlanes) -> None:
        sample = np.ascontiguousarray(frame.visible_luma[EVERY_ROW // 2 :: EVERY_ROW])
        mean = cv2.mean(sample)[0]
        self.min_luma_mean, self.max_luma_mean = min(self.min_luma_mean, mean), max(self.max_luma_mean, mean)
        # Against the last frame that differed, not the one before: a slow move adds up.
        if self._last_seen is not None and cv2.norm(sample, self._last_seen, cv2.NORM_INF) <= VISIBLE_LEVELS:
            self._frozen_frames += 1
            self.frozen_longest_frames = max(self.frozen_longest_frames, self._frozen_frames)
        else:
            self._last_seen, self._frozen_frames = sample, 0

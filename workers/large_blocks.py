"""Memory that is given back: a worker that renders holds 100 MB of frames for some seconds, and then none."""

from __future__ import annotations

import ctypes

# From glibc's malloc.h.
M_MMAP_THRESHOLD = -3
# A frame is larger than this, and next to nothing else is.
LARGE_BYTES = 1 << 20


def give_large_blocks_back() -> bool:
    """Let each block of 1 MiB or more be a mapping of its own, which goes back to the system as soon as it is freed.

    glibc does so only until the first one is freed: from then on it keeps blocks up to that size among the small ones,
    where every clip leaves other gaps than the next one needs (35 MB after the second clip). Whoever set glibc's own
    MALLOC_MMAP_THRESHOLD_ finds it overruled. Returns whether there was such a thing to tell; other C libraries
    have no such habit.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGE_BYTES))

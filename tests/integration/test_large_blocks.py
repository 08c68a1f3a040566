"""Freed memory of the size of frames goes back to the system, in a process of its own as a worker is."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Frames of growing sizes, freed while something small that came after them is still held: the heap's end stays in use.
FREES_FRAMES = """
import ctypes, sys
from workers.large_blocks import give_large_blocks_back

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

if sys.argv[1] == "told" and not give_large_blocks_back():
    print("none")
    raise SystemExit

def resident_kb():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1])

def frames():
    blocks = []
    for number in range(30):
        blocks.append(libc.malloc(3_000_000 + 1_000 * number))
        ctypes.memset(blocks[-1], 1, 3_000_000)
        libc.malloc(1_000)
    for block in blocks:
        libc.free(block)

frames()
before_kb = resident_kb()
frames()
print(resident_kb() - before_kb)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the resident size from /proc")
def test_freed_frames_do_not_stay_in_the_process() -> None:
    def kept_kb(how: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", FREES_FRAMES, how], capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    told, untold = kept_kb("told"), kept_kb("untold")
    if told == "none":
        assert untold
    else:
        assert int(told) < 1_000 < int(untold)

"""How libav's ways to code AAC compare: CPU time, bytes, and what is lost.

    .venv/bin/python -m bench.aac SOUND [--json]

SOUND is any file without losses of its own (WAV, FLAC) with 48,000 samples a second. For each of the codings, the
product's own first:

`cpu_s`      CPU time of the encode, the best of three
`bytes`      the file's size, at the product's bit rate
`worst`      the largest error of a sample, of a full scale of 1
`kept_db`    signal to noise in each of the bands (Hz): the median over stretches of 43 ms, and the 5th percentile
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from app.media.aac import BIT_RATE, CODING, SAME_ON_BOTH_SIDES, decode_sound, write_sound
from app.media.loudness import RATE_HZ, Samples
from bench.farms import print_result

CODINGS = {
    "ours": CODING,
    "ours, same on both sides": CODING | SAME_ON_BOTH_SIDES,
    "fast, with all tools": {"aac_coder": "fast", "flags": "+bitexact"},
    "libav's default": {"flags": "+bitexact"},
}
RUNS = 3
STRETCH = 2048
EDGES_HZ = (100, 400, 920, 1720, 3150, 5300, 9500, 15500)
# Full scale is 1: what is quieter than this in a stretch's band cannot be heard to be lost.
QUIET = 1e-4


def read_sound(path: Path) -> Samples:
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE_HZ)
    with av.open(str(path)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def encode(sound: Samples, coding: dict[str, str], out: Path) -> float:
    """Write the sound; the CPU seconds that it took."""
    begun_s = time.process_time()
    with av.open(str(out), "w", format="mp4", options={"movie_timescale": str(RATE_HZ)}) as container:
        stream = container.add_stream("aac", rate=RATE_HZ, layout="stereo", options=dict(coding))
        stream.bit_rate = BIT_RATE
        write_sound(container, stream, _seconds_of(sound))
    return time.process_time() - begun_s


def _seconds_of(sound: Samples) -> Iterator[Samples]:
    for start in range(0, sound.shape[1], RATE_HZ):
        yield sound[:, start : start + RATE_HZ]


def kept_db(sound: Samples, decoded: Samples) -> dict[str, list[int]]:
    """How far the signal stands above what the coding changed, band by band, on the left side."""
    heard = decoded[0]
    given = sound[0, : heard.size]
    window = np.hanning(STRETCH)
    edges = np.array(EDGES_HZ) * STRETCH // RATE_HZ
    ratios: list[list[float]] = [[] for _ in edges[1:]]
    for start in range(0, given.size - STRETCH, STRETCH):
        part = slice(start, start + STRETCH)
        signal, noise = (
            np.add.reduceat(np.abs(np.fft.rfft(window * samples)) ** 2, edges)[:-1]
            for samples in (given[part], given[part] - heard[part])
        )
        for band in np.flatnonzero(signal > QUIET):
            ratios[band].append(10 * np.log10(signal[band] / max(noise[band], 1e-12)))
    return {
        name: [round(float(np.percentile(band, share))) for band in ratios if band]
        for name, share in (("median", 50), ("p5", 5))
    }


def compare(sound: Samples, folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = {"seconds": round(sound.shape[1] / RATE_HZ, 1), "bands_hz": EDGES_HZ}
    for name, coding in CODINGS.items():
        out = folder / "sound.m4a"
        cpu_s = min(encode(sound, coding, out) for _ in range(RUNS))
        decoded = np.concatenate(list(decode_sound(out)), axis=1)[:, : sound.shape[1]]
        result[name] = {
            "cpu_s": round(cpu_s, 2),
            "bytes": out.stat().st_size,
            "worst": round(float(np.abs(decoded - sound[:, : decoded.shape[1]]).max()), 4),
            "kept_db": kept_db(sound, decoded),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sound", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON object, last on stdout")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print_result(compare(read_sound(options.sound), Path(folder)), as_json=options.json)


if __name__ == "__main__":
    main()

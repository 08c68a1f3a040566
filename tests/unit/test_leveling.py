"""Loudness is met and no peak passes the ceiling, whatever the sound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.media.leveling import MAX_REDUCTION_SHORT_DB, Level, apply_level, level_for, limiter_gain
from app.media.loudness import RATE_HZ, Analysis, Samples, analyse, energies_of, from_db, measure


def stereo(samples: np.ndarray) -> list[Samples]:
    both = np.stack([samples, samples]).astype(np.float32)
    return [both[:, start : start + RATE_HZ] for start in range(0, both.shape[1], RATE_HZ)]


def bursts(duration_s: float, seed: int, crest: float) -> np.ndarray:
    """Noise in syllables, with clicks `crest` times as high."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    sound = rng.normal(0, 0.05, time_s.size) * (np.sin(2 * np.pi * 2.3 * time_s) > -0.3)
    sound[rng.integers(0, time_s.size, 20)] *= crest
    return sound


def test_the_standards_sine_reads_0_lufs() -> None:
    time_s = np.arange(5 * RATE_HZ) / RATE_HZ
    loudness = measure(stereo(np.sin(2 * np.pi * 997 * time_s)))

    assert loudness.integrated_lufs == pytest.approx(0.0, abs=0.05)
    assert loudness.true_peak_dbtp == pytest.approx(0.0, abs=0.05)


def test_a_peak_between_the_samples_is_found() -> None:
    """A sine at a quarter of the rate, sampled at ±45°: no sample is above −3 dB, the wave reaches 0."""
    quarter = np.sin(np.pi / 2 * np.arange(RATE_HZ * 2) + np.pi / 4)

    assert measure(stereo(quarter)).true_peak_dbtp == pytest.approx(0.0, abs=0.2)


def test_how_the_stream_is_cut_does_not_change_the_measure() -> None:
    sound = bursts(3.7, seed=2, crest=3.0)
    whole = measure([np.stack([sound, sound * 0.5]).astype(np.float32)])
    cut = measure(np.array_split(np.stack([sound, sound * 0.5]).astype(np.float32), 97, axis=1))

    assert cut.integrated_lufs == pytest.approx(whole.integrated_lufs, abs=1e-4)
    assert cut.true_peak_dbtp == pytest.approx(whole.true_peak_dbtp, abs=1e-4)


def test_energies_alone_are_those_of_the_analysis() -> None:
    sound = bursts(3.7, seed=2, crest=3.0)
    blocks = [np.stack([sound, sound * 0.5]).astype(np.float32)]

    np.testing.assert_array_equal(energies_of(blocks), analyse(blocks).energies)
    assert energies_of([]).size == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), level_db=st.floats(-40, 0), crest=st.floats(1, 8), duration_s=st.floats(0.45, 4.0))
def test_the_target_is_met_below_the_ceiling(seed: int, level_db: float, crest: float, duration_s: float) -> None:
    # Not quieter than that: below -70 LUFS the standard hears silence, and silence is not made loud.
    blocks = stereo(bursts(duration_s, seed, crest) * from_db(level_db))
    analysis = analyse(blocks)
    level = level_for(analysis, target_lufs=-14.0, ceiling_dbtp=-2.0)
    result = measure(apply_level(iter(blocks), analysis, level))

    assert result.true_peak_dbtp <= -2.0 + 0.15
    if not level.is_at_limit:
        assert result.integrated_lufs == pytest.approx(-14.0, abs=0.15)


def test_a_click_in_silence_is_not_beaten_into_loudness() -> None:
    sound = np.zeros(3 * RATE_HZ)
    sound[RATE_HZ : RATE_HZ + 3] = 0.9
    analysis = analyse(stereo(sound))

    level = level_for(analysis, target_lufs=-14.0, ceiling_dbtp=-2.0)

    assert level.is_at_limit
    assert level.gain * float(analysis.peaks.max()) <= from_db(-2.0 + MAX_REDUCTION_SHORT_DB) * 1.001


def test_silence_stays_silence() -> None:
    analysis = analyse(stereo(np.zeros(RATE_HZ)))

    assert level_for(analysis, target_lufs=-14.0, ceiling_dbtp=-2.0).gain == 1.0


def test_the_limiter_leaves_alone_what_is_far_from_a_peak() -> None:
    peaks = np.full(1000, 0.1, np.float32)
    peaks[500] = 2.0

    gain = limiter_gain(peaks, Level(1.0, 0.5), 0, 1000)

    assert gain[500] <= 0.25
    assert (gain[:400] == 1.0).all() and (gain[600:] == 1.0).all()
    assert np.abs(np.diff(gain)).max() < 0.05


def test_a_second_of_the_limiters_curve_is_the_same_alone_and_in_the_whole() -> None:
    peaks = np.random.default_rng(3).uniform(0, 2, 5000).astype(np.float32)
    whole = limiter_gain(peaks, Level(1.0, 0.7), 0, 5000)

    np.testing.assert_allclose(limiter_gain(peaks, Level(1.0, 0.7), 2000, 3000), whole[2000:3000], rtol=1e-6)


def test_nothing_at_all_has_a_loudness_that_can_be_reported() -> None:
    empty = Analysis(np.zeros(0), np.zeros(0, np.float32))

    assert level_for(empty, target_lufs=-14.0, ceiling_dbtp=-2.0).gain == 1.0
    assert measure([]).integrated_lufs == -70.0

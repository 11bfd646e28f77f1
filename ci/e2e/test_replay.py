"""Recorded signals arrive as they were recorded."""

import json

import numpy as np
import pytest
import scipy.signal
import wfdb

from brokers import Subscriber
from program import ROOT, SCENARIOS, Run, iomt, sets

RECORD = str(ROOT / "scenarios/recordings/mitdb_100/100")
SCENARIO = SCENARIOS / "replay.toml"
CHANNELS = ["ecg_ii", "ecg_v5"]
# MIT annotation codes that label a beat (PhysioNet's table); the others are rhythm changes and comments.
BEATS = set("NLRBAaJSVrFejnE/fQ?")
# Sampling rate and counts per millivolt of MIT-BIH records, by their header.
RATE = 360
GAIN, BASELINE = 200.0, 1024


@pytest.fixture(scope="module")
def record():
    """ADC counts of the record as another program reads them, frames by channels."""
    return wfdb.rdrecord(RECORD, physical=False).d_signal


def played(mosquitto, tmp_path, **values):
    """What an independent subscriber got: counts (frames by channels) and the chunks."""
    with Subscriber(mosquitto.port) as subscriber:
        with Run(SCENARIO, tmp_path / "out", *sets(broker=mosquitto.url, **values)) as run:
            assert run.wait() == 0, run.said()
        subscriber.settle()
    messages = sorted((message for message in subscriber.telemetry() if message["st"] == "ecg"), key=lambda it: it["s"])
    assert [message["s"] for message in messages] == list(range(len(messages)))
    chunks = [message["w"] for message in messages]
    assert all([wave["id"] for wave in waves] == CHANNELS for waves in chunks)
    counts = np.array([[count for waves in chunks for count in waves[channel]["x"]] for channel in range(2)]).T
    return counts, [wave for waves in chunks for wave in waves]


def test_the_native_rate_is_bit_exact(mosquitto, record, tmp_path):
    counts, waves = played(mosquitto, tmp_path)
    assert len(counts) >= 58 * RATE
    np.testing.assert_array_equal(counts, record[: len(counts)])
    assert all(wave["f"] == RATE for wave in waves)
    # The same millivolts: physical = o + k * x.
    assert all(wave["k"] == 1 / GAIN and wave.get("o", 0) == -BASELINE / GAIN for wave in waves)


def kaiser_sinc(crossings, source, rate_from, rate_to, samples):
    """The resampler by its description, written again with numpy: a sinc with so many zero crossings to each side, cut
    off at 0.9 of the lower Nyquist frequency, Kaiser window with beta 8, unit gain at 0 Hz. Before its first sample the
    record runs backwards."""
    cutoff = 0.9 * min(1.0, rate_to / rate_from)
    reach = int(np.ceil(crossings / cutoff))
    out = np.empty(samples)
    for index in range(samples):
        position = index * rate_from / rate_to
        taps = int(position) + np.arange(-reach + 1, reach + 1)
        distance = taps - position
        window = np.i0(8 * np.sqrt(np.maximum(0, 1 - (distance / reach) ** 2))) / np.i0(8.0)
        weights = np.sinc(cutoff * distance) * window
        out[index] = weights @ source[np.abs(taps)] / weights.sum()
    return out


def test_another_rate_is_the_named_resampling(mosquitto, record, tmp_path):
    counts, waves = played(mosquitto, tmp_path, cadence="250Hz / 250")
    assert all(wave["f"] == 250 for wave in waves)
    # The name in the manifest says which: kaiser-sinc-N.
    assert iomt("record", SCENARIO, "--out", tmp_path / "recording", "--length", "2s").returncode == 0
    name = json.loads((tmp_path / "recording/manifest.json").read_text())["resampler"]
    crossings = int(name.removeprefix("kaiser-sinc-"))
    samples = len(counts)
    for channel in range(2):
        source = record[:, channel].astype(float)
        # Rounded to counts: half a count, and what two orders of summation may differ by.
        worst = np.abs(counts[:, channel] - kaiser_sinc(crossings, source, RATE, 250, samples)).max()
        assert worst <= 0.5 + 1e-6, CHANNELS[channel]


def test_another_rate_keeps_the_signal(mosquitto, record, tmp_path):
    """Against scipy's polyphase filter, a method with other choices (cut-off at the new Nyquist frequency itself). The
    recorder's own filter passes 0.1 to 100 Hz (Moody and Mark 2001), which both keep, so they may differ by the rounding,
    0.29 counts rms and 0.5 at most, and by converter noise between 100 and 125 Hz: together 0.34 and 0.35 counts rms
    were measured, 1.1 and 1.2 at most, in a signal of 35 and 26 counts rms."""
    counts, _ = played(mosquitto, tmp_path, cadence="250Hz / 250")
    inside = slice(100, len(counts) - 100)
    for channel in range(2):
        source = record[: (len(counts) + 500) * RATE // 250, channel].astype(float)
        reference = scipy.signal.resample_poly(source - BASELINE, 25, 36, window=("kaiser", 8.0)) + BASELINE
        difference = counts[inside, channel] - reference[inside]
        assert np.sqrt(np.mean(difference**2)) <= 0.4, CHANNELS[channel]
        assert np.abs(difference).max() <= 1.5, CHANNELS[channel]


@pytest.mark.parametrize("cadence, rate, name", [("360Hz / 360", 360, "360hz"), ("250Hz / 250", 250, "250hz")])
def test_labels_are_the_cardiologists(cadence, rate, name, record, tmp_path):
    """For almost the whole record (its last R peak is where it begins to repeat, at 30.1 min)."""
    out = tmp_path / "recording"
    done = iomt("record", SCENARIO, "--out", out, "--length", "30m", *sets(cadence=cadence))
    assert done.returncode == 0, done.stderr
    path = str(out / "recorded/1/holter" / name)
    samples = 30 * 60 * rate
    written = wfdb.rdrecord(path, physical=False)
    assert written.d_signal.shape == (samples, 2)
    if rate == RATE:
        np.testing.assert_array_equal(written.d_signal, record[:samples])

    theirs, ours = wfdb.rdann(RECORD, "atr"), wfdb.rdann(path, "atr")
    beats = [(sample, code) for sample, code in zip(theirs.sample, theirs.symbol) if code in BEATS]
    expected = [(sample, code) for sample, code in beats if sample < 30 * 60 * RATE]
    assert ours.symbol == [code for _, code in expected]
    # The nearest sample at the new rate.
    at = np.array([sample for sample, _ in expected])
    assert np.abs(ours.sample - at * rate / RATE).max() <= (0 if rate == RATE else 0.5)

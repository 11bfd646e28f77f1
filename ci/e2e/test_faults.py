"""What each `sensor.*` fault makes of the numbers and the samples of a monitor, while it lasts and not longer."""

import csv

import numpy as np
import pytest
import wfdb

from program import SCENARIOS, iomt

BEGIN_S, END_S = 60, 240
FAULTS = ["bias", "stuck", "drift", "noise", "spike", "motion", "saturation", "quantise", "dropout", "swap", "unit"]


class Monitor:
    def __init__(self, folder):
        self.folder = folder
        with (folder / "numerics.csv").open() as table:
            self.rows = list(csv.DictReader(table))

    def numbers(self, metric, inside):
        """Values (nan where missing) and qualities within the fault, or outside of it."""
        rows = [row for row in self.rows if row["metric"] == metric]
        chosen = [row for row in rows if (BEGIN_S <= float(row["time_s"]) < END_S) == inside]
        return np.array([float(row["value"] or "nan") for row in chosen]), [row["quality"] for row in chosen]

    def samples(self, rate, name):
        """Samples within the fault, and those before and after."""
        record = wfdb.rdrecord(str(self.folder / rate))
        signal = record.p_signal[:, record.sig_name.index(name)]
        begin, end = (int(seconds * record.fs) for seconds in (BEGIN_S, END_S))
        return signal[begin:end], np.concatenate([signal[:begin], signal[end:]])


@pytest.fixture(scope="module")
def monitors(tmp_path_factory):
    out = tmp_path_factory.mktemp("faults") / "recording"
    done = iomt("record", SCENARIOS / "faults.toml", "--out", out)
    assert done.returncode == 0, done.stderr
    return {fault: Monitor(out / "icu" / str(number) / "mon") for number, fault in enumerate(FAULTS, 1)}


def test_offsets(monitors):
    inside, outside = (monitors["bias"].numbers("spo2", within)[0].mean() for within in (True, False))
    assert inside - outside == pytest.approx(-6, abs=1)
    inside, outside = (monitors["unit"].numbers("temp_core", within)[0].mean() for within in (True, False))
    assert inside == pytest.approx(1.8 * outside + 32, abs=0.2)
    drifting = monitors["drift"].numbers("abp_mean", True)[0]
    # 600 mmHg an hour for three minutes.
    assert drifting[-5:].mean() - drifting[:5].mean() == pytest.approx(30, abs=4)


def test_resolution(monitors):
    assert len(set(monitors["stuck"].numbers("spo2", True)[0])) == 1
    assert len(set(monitors["stuck"].numbers("spo2", False)[0])) > 1
    coarse = monitors["quantise"].numbers("temp_core", True)[0]
    assert np.all(np.round(2 * coarse) == 2 * coarse)
    clipped, free = monitors["saturation"].samples("125hz", "abp")
    assert (clipped.min(), clipped.max()) == pytest.approx((85, 95), abs=0.1)
    assert free.max() > 96 and free.min() < 84


def test_additions(monitors):
    noisy, clean = monitors["noise"].samples("250hz", "ecg_ii")
    hum = [np.sqrt(2) * np.abs(np.fft.rfft(x))[round(50 * len(x) / 250)] / len(x) for x in (noisy, clean[: 60 * 250])]
    assert hum[0] == pytest.approx(0.2, rel=0.05)
    assert hum[1] < 0.02
    (inside, qualities), (outside, _) = (monitors["spike"].numbers("spo2", within) for within in (True, False))
    # What would be above 100 % is shown as that, and marked.
    limited = (inside == 100) & (np.array(qualities) == "questionable")
    assert limited.any()
    off = (np.abs(inside - np.median(inside)) > 20) | limited
    assert 8 <= off.sum() <= 30  # 18 expected
    assert np.all(np.abs(outside - np.median(outside)) < 20)
    _, qualities = monitors["motion"].numbers("hr", True)
    assert 0.2 < np.mean([quality == "questionable" for quality in qualities]) < 0.8
    assert set(monitors["motion"].numbers("hr", False)[1]) == {"ok"}
    moved, still = monitors["motion"].samples("250hz", "ecg_ii")
    assert moved.std() > 1.3 * still.std()


def test_gaps(monitors):
    values, qualities = monitors["dropout"].numbers("hr", True)
    missing = np.isnan(values)
    assert 0.1 < missing.mean() < 0.8
    assert all((quality == "not-available") == gap for quality, gap in zip(qualities, missing))
    assert not np.isnan(monitors["dropout"].numbers("hr", False)[0]).any()
    inside, outside = monitors["dropout"].samples("250hz", "ecg_ii")
    assert 0.1 < np.isnan(inside).mean() < 0.9
    assert not np.isnan(outside).any()


def test_exchanged_leads(monitors):
    def height(samples):
        return np.percentile(samples, 99)

    one, three = (monitors["swap"].samples("250hz", lead) for lead in ("ecg_i", "ecg_iii"))
    assert abs(height(one[1]) - height(three[1])) > 0.1
    assert height(one[0]) == pytest.approx(height(three[1]), abs=0.05)
    assert height(three[0]) == pytest.approx(height(one[1]), abs=0.05)

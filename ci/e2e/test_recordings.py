"""Records as the public databases have them, written by the Python package wfdb, come out of a replay as it reads them."""

import numpy as np
import pytest
import wfdb

from program import iomt

RATE = 250
SECONDS = 10
SCENARIO = """
format   = 1
scenario = "player"

[time]
mode   = "virtual"
length = "{length}s"

[target.broker]
url = "embedded"

[link.lan]
to    = "broker"
topic = "${{device}}/${{stream}}"

[[cohort]]
id      = "bed"
count   = 1
patient = {{ model = "adult_ward" }}

  [[cohort.device]]
  id     = "player"
  kind   = "replay"
  link   = "lan"
  record = "{record}.hea"
  stream = {{ ecg = "{rate}Hz / {rate}" }}

[[expect]]
id   = "everything arrives"
that = "delivered.ratio == 100%"
"""


def signals(samples=RATE * SECONDS):
    time = np.arange(samples) / RATE
    return np.sin(2 * np.pi * time)[:, None] * [0.8, 40] + [0.1, 90]


def write(folder, name, physical, *, fmt="16", names=("II", "ABP"), units=("mV", "mmHg")):
    columns = len(names)
    wfdb.wrsamp(
        name,
        fs=RATE,
        units=list(units),
        sig_name=list(names),
        p_signal=physical[:, :columns],
        fmt=[fmt] * columns,
        write_dir=str(folder),
    )


def played(folder, record, length=SECONDS, rate=RATE):
    scenario = folder / f"{record}.toml"
    scenario.write_text(SCENARIO.format(record=record, length=length, rate=rate))
    out = folder / f"out-{record}-{rate}"
    done = iomt("record", scenario, "--out", out)
    assert done.returncode == 0, done.stderr
    return wfdb.rdrecord(str(out / f"bed/1/player/{rate}hz"))


@pytest.mark.parametrize("fmt", ["16", "24", "32", "80", "212"])
def test_a_record_without_labels_plays_in_every_format(fmt, tmp_path):
    write(tmp_path, "whole", signals(), fmt=fmt)
    theirs = wfdb.rdrecord(str(tmp_path / "whole"))
    ours = played(tmp_path, "whole")
    assert ours.sig_name == ["ecg_ii", "abp_wave"] and ours.p_signal.shape == theirs.p_signal.shape
    # Counts of up to 16 bits are kept; wider ones are rounded to 65 534 steps of the range.
    step = np.ptp(theirs.p_signal, axis=0) / 65_534 if fmt in ("24", "32") else 0
    assert (np.abs(ours.p_signal - theirs.p_signal) <= step / 2 + 1e-6).all()


def test_without_labels_the_whole_record_is_repeated(tmp_path):
    write(tmp_path, "short", signals(RATE * 2))
    ours = played(tmp_path, "short", length=6)
    np.testing.assert_array_equal(ours.p_signal, np.tile(ours.p_signal[: RATE * 2], (3, 1)))


def test_samples_that_are_missing_stay_missing(tmp_path):
    physical = signals()
    physical[500:700, 1] = np.nan
    write(tmp_path, "holes", physical)
    missing = np.isnan(played(tmp_path, "holes").p_signal)
    assert not missing[:, 0].any() and missing[500:700, 1].all() and missing[:, 1].sum() == 200
    # A sample between two others is made of those around it.
    resampled = np.isnan(played(tmp_path, "holes", rate=125).p_signal)
    assert not resampled[:, 0].any() and resampled[250:350, 1].all() and resampled[:, 1].sum() < 200


def test_segments_with_gaps_and_scales_of_their_own(tmp_path):
    """A variable layout as in MIMIC-III: the second segment has one signal only, and each segment its own gain."""
    physical = signals(RATE * 6)
    write(tmp_path, "part_1", physical[: RATE * 2], fmt="80")
    write(tmp_path, "part_2", physical[RATE * 2 : RATE * 4, 1:], names=["ABP"], units=["mmHg"])
    write(tmp_path, "part_3", physical[RATE * 5 :], fmt="212")
    (tmp_path / "joined_layout.hea").write_text(
        f"joined_layout 2 {RATE} 0\n~ 0 200/mV 16 0 0 0 0 II\n~ 0 10/mmHg 16 0 0 0 0 ABP\n"
    )
    (tmp_path / "joined.hea").write_text(
        f"joined/5 2 {RATE} {RATE * 6}\njoined_layout 0\npart_1 {RATE * 2}\npart_2 {RATE * 2}\n~ {RATE}\npart_3 {RATE}\n"
    )
    theirs = wfdb.rdrecord(str(tmp_path / "joined"), m2s=True)
    ours = played(tmp_path, "joined", length=6)
    np.testing.assert_array_equal(np.isnan(ours.p_signal), np.isnan(theirs.p_signal))
    assert np.isnan(theirs.p_signal).sum() == RATE * 3 + RATE
    finest = [min(1 / gain for gain in gains) for gains in zip(*(wfdb.rdheader(str(tmp_path / part)).adc_gain for part in ("part_1", "part_3")))]
    assert (np.nan_to_num(np.abs(ours.p_signal - theirs.p_signal)) <= np.array(finest)).all()


def test_formats_of_compressed_databases_are_named(tmp_path):
    (tmp_path / "flac.hea").write_text("flac 1 250 10\nflac.dat 516 200/mV 16 0 0 0 0 II\n")
    scenario = tmp_path / "flac.toml"
    scenario.write_text(SCENARIO.format(record="flac", length=1, rate=RATE))
    done = iomt("record", scenario, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "sample format 516 is not supported; 16, 24, 32, 61, 80, 160, 212, 310 and 311 are" in done.stderr

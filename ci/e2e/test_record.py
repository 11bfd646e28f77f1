"""What `iomt record` writes is what other people's programs read, and its beat labels are where their detectors see
beats."""

import csv
import io
import json
import warnings
from contextlib import redirect_stdout

import numpy as np
import pytest
import wfdb
import wfdb.processing

from program import ROOT, SCENARIOS, iomt, sets

with warnings.catch_warnings():
    # The library speaks about its own dependencies.
    warnings.simplefilter("ignore")
    import neurokit2

SCENARIO = SCENARIOS / "sinus.toml"
LENGTH_S = 600
RATES_BPM = [45, 70, 150]


def load_metrics():
    with (ROOT / "vocabulary/src/metrics.csv").open() as table:
        return {row["id"]: row for row in csv.DictReader(line for line in table if not line.startswith("#"))}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Ten minutes at each rate."""
    folders = {}
    for rate in RATES_BPM:
        folders[rate] = tmp_path_factory.mktemp(f"sinus-{rate}") / "recording"
        # A fast heart varies less: SDNN falls with the interval itself.
        sdnn = f"{40 if rate < 100 else 10}ms"
        done = iomt("record", SCENARIO, "--out", folders[rate], *sets(rate=f"{rate} bpm", sdnn=sdnn))
        assert done.returncode == 0, done.stderr
    return folders


def match(ours, theirs, tolerance):
    """How many of `ours` have a partner of their own in `theirs` within the tolerance."""
    found = 0
    taken = set()
    for sample in ours:
        candidates = np.flatnonzero(np.abs(theirs - sample) <= tolerance)
        free = [index for index in candidates if index not in taken]
        if free:
            taken.add(min(free, key=lambda index: abs(theirs[index] - sample)))
            found += 1
    return found


def labelled_beats(path):
    """Samples of the beats of a patient who is in sinus rhythm all the time, as the one rhythm label says."""
    labels = wfdb.rdann(path, "atr")
    assert (labels.symbol[0], labels.aux_note[0]) == ("+", "(N")
    assert set(labels.symbol[1:]) == {"N"}
    return labels.sample[1:]


def neurokit(signal, rate):
    cleaned = neurokit2.ecg_clean(signal, sampling_rate=rate, method="neurokit")
    return neurokit2.ecg_peaks(cleaned, sampling_rate=rate, method="neurokit")[1]["ECG_R_Peaks"]


def xqrs(signal, rate):
    detector = wfdb.processing.XQRS(signal, rate)
    with redirect_stdout(io.StringIO()):
        detector.detect(verbose=False)
    return detector.qrs_inds


@pytest.mark.parametrize("detect", [neurokit, xqrs])
@pytest.mark.parametrize("rate_bpm", RATES_BPM)
def test_detectors_find_the_labelled_beats(recordings, rate_bpm, detect):
    path = str(recordings[rate_bpm] / "c/1/patch/250hz")
    record, beats = wfdb.rdrecord(path), labelled_beats(path)
    rate = record.fs
    assert (rate, record.sig_name) == (250, ["ecg"])
    intervals = np.diff(beats) / rate
    assert abs(60 / intervals.mean() - rate_bpm) <= 1

    # Detectors need a moment to settle and to look ahead: without the first and the last two seconds, and without the
    # width of the window around those edges on the other side of the comparison.
    first, last, window = 2 * rate, (LENGTH_S - 2) * rate, round(0.075 * rate)
    found = np.sort(np.asarray(detect(record.p_signal[:, 0], rate)))
    inside = [sample for sample in beats if first <= sample < last]
    detections = [sample for sample in found if first <= sample < last]
    jitter_ms = np.std([sample - beats[np.abs(beats - sample).argmin()] for sample in detections]) / rate * 1e3
    missed = len(inside) - match(inside, found, window)
    right = match(detections, beats, window)
    assert missed <= 1, f"{missed} of {len(inside)} beats missed"
    assert right / len(detections) >= 0.995, f"{len(detections) - right} of {len(detections)} detections are no beats"
    assert jitter_ms <= 4


def test_sdnn_is_the_one_asked_for(recordings):
    beats = labelled_beats(str(recordings[70] / "c/1/patch/250hz"))
    # Physiology acceptance: within 15 % over ten minutes.
    assert np.std(np.diff(beats) / 250) * 1e3 == pytest.approx(40, rel=0.15)


def test_the_manifest_names_every_file_and_tells_the_truth(recordings):
    folder = recordings[70]
    manifest = json.loads((folder / "manifest.json").read_text())
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {file["path"] for file in manifest["files"]} == there - {"manifest.json"}
    assert len(manifest["files"]) == len(there) - 1

    units = {"mm[Hg]": "mmHg", "": "NU", "1": "NU"}
    metrics = load_metrics()
    for file in manifest["files"]:
        path = folder / file["path"]
        if file["kind"] == "wfdb_header":
            record = wfdb.rdrecord(str(path.with_suffix("")))
            assert record.fs == file["rate_hz"]
            assert record.sig_len == file["entries"] == round(LENGTH_S * file["rate_hz"])
            told = [(signal["name"], signal["unit"]) for signal in file["signals"]]
            assert list(zip(record.sig_name, record.units)) == told
            for name, unit in told:
                row = metrics.get(name) or next(row for key, row in metrics.items() if key in (f"{name}_wave", f"{name}_ii"))
                assert unit == units.get(row["ucum"], row["ucum"]), name
            # Checksums are wfdb's own: rdrecord does not compare them, so they are computed from the samples.
            raw = wfdb.rdrecord(str(path.with_suffix("")), physical=False)
            assert [int(sum_) % 65536 for sum_ in raw.d_signal.astype(np.int64).sum(axis=0)] == [
                int(sum_) % 65536 for sum_ in raw.checksum
            ]
        elif file["kind"] == "wfdb_annotations":
            assert len(wfdb.rdann(str(path.with_suffix("")), "atr").sample) == file["entries"]
        elif file["kind"] == "wfdb_signals":
            assert path.stat().st_size == 2 * file["entries"] * len(
                wfdb.rdheader(str(path.with_suffix(""))).sig_name
            )
        else:
            with path.open() as table:
                rows = list(csv.DictReader(table))
            assert len(rows) == file["entries"]
            instant = "onset_s" if file["kind"] == "labels" else "time_s"
            assert all(float(row[instant]) <= LENGTH_S for row in rows)
            if file["kind"] == "numerics":
                assert all(row["unit"] == (metrics[row["metric"]]["ucum"] or "") for row in rows)


def test_physiological_ranges(recordings):
    """A ward patient at rest: each wave where a clinician expects it."""
    folder = recordings[70] / "c/1/mon"
    pressure = wfdb.rdrecord(str(folder / "125hz"), channel_names=["abp"]).p_signal
    assert 40 < np.percentile(pressure, 1) < 100 < np.percentile(pressure, 99) < 200
    carbon_dioxide = wfdb.rdrecord(str(folder / "62p5hz"), channel_names=["co2"]).p_signal
    assert 30 < carbon_dioxide.max() < 50 and abs(carbon_dioxide.min()) < 2


def test_a_recording_is_not_overwritten(tmp_path):
    out = tmp_path / "recording"
    assert iomt("record", SCENARIO, "--out", out, "--length", "2s").returncode == 0
    first = (out / "manifest.json").read_bytes()
    again = iomt("record", SCENARIO, "--out", out, "--length", "4s")
    assert again.returncode == 2 and "--force" in again.stderr
    assert (out / "manifest.json").read_bytes() == first
    assert iomt("record", SCENARIO, "--out", out, "--length", "4s", "--force").returncode == 0
    assert (out / "manifest.json").read_bytes() != first

"""`iomt record --edf`: pyedflib and edfio read the samples and labels that wfdb reads beside them."""

import datetime
import json

import edfio
import numpy as np
import pyedflib
import wfdb

from program import LIBRARY, iomt


def test_edf_holds_what_wfdb_holds(tmp_path):
    out = tmp_path / "recording"
    # 65 s is no multiple of the two seconds of a data record: the last one is filled up.
    done = iomt("record", LIBRARY / "icu-ward.toml", "--set", "beds=8", "--length", "65s", "--edf", "--out", out)
    assert done.returncode == 0, done.stderr
    files = [out / file["path"] for file in json.loads((out / "manifest.json").read_text())["files"] if file["kind"] == "edf"]
    assert len(files) == 8
    for file in files:
        with pyedflib.EdfReader(str(file)) as edf:
            assert edf.filetype == pyedflib.FILETYPE_EDFPLUS
            names = [label.lower() for label in edf.getSignalLabels()]
            seen = 0
            for header in file.parent.glob("*.hea"):
                record = wfdb.rdrecord(str(header.with_suffix("")))
                for name, unit, gain, samples in zip(record.sig_name, record.units, record.adc_gain, record.p_signal.T):
                    signal = names.index(name.replace("_", " "))
                    assert edf.getSampleFrequency(signal) == record.fs
                    assert edf.getPhysicalDimension(signal) == ("" if unit == "NU" else unit)
                    difference = np.abs(edf.readSignal(signal)[: record.sig_len] - samples).max()
                    assert difference * gain <= 1, f"{file} {name}: {difference * gain} counts"
                    seen += 1
            assert seen == len(names)
            onsets, _, texts = edf.readAnnotations()
        labels = wfdb.rdann(str(file.parent / "250hz"), "atr")
        told = [aux.strip("\0") if symbol == "+" else symbol for symbol, aux in zip(labels.symbol, labels.aux_note)]
        ours = [(onset, text) for onset, text in zip(onsets, texts) if text in ("(N", *set(told))]
        assert [text for _, text in ours] == told
        assert np.allclose([onset for onset, _ in ours], labels.sample / 250, atol=1e-6)
        assert (onsets[-1], texts[-1]) == (65.0, "Recording ends")


def test_two_readers_of_edf_agree(tmp_path):
    """pyedflib reads with the library of the format's author in C, edfio has a reader of its own."""
    out = tmp_path / "recording"
    done = iomt("record", LIBRARY / "icu-ward.toml", "--set", "beds=8", "--length", "33s", "--edf", "--out", out)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    file = [out / file["path"] for file in manifest["files"] if file["kind"] == "edf"][0]
    theirs = edfio.read_edf(file)
    with pyedflib.EdfReader(str(file)) as edf:
        assert [signal.label for signal in theirs.signals] == edf.getSignalLabels()
        assert datetime.datetime.combine(theirs.startdate, theirs.starttime) == edf.getStartdatetime()
        for index, signal in enumerate(theirs.signals):
            assert signal.sampling_frequency == edf.getSampleFrequency(index)
            assert signal.physical_dimension == edf.getPhysicalDimension(index)
            assert (signal.digital == edf.readSignal(index, digital=True)).all(), signal.label
            np.testing.assert_allclose(signal.data, edf.readSignal(index), rtol=0, atol=1e-9 + 1e-6 * np.abs(signal.data).max())
        onsets, _, texts = edf.readAnnotations()
    assert [annotation.text for annotation in theirs.annotations] == list(texts)
    assert np.allclose([annotation.onset for annotation in theirs.annotations], onsets, atol=1e-6)

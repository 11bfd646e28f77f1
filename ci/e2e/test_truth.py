"""The truth of a run is written beside it, and recordings are whole however they end."""

import csv
import json
import signal
import subprocess
import time

import numpy as np
import pytest
import wfdb

from brokers import Subscriber
from program import PROGRAM, Run, environment, iomt, sets, wait_until

SCENARIO = """
format   = 1
scenario = "truth"
[vars]
broker = "embedded"
mode   = "virtual"
[time]
mode   = "${mode}"
length = "12s"
drain  = "5s"
[target.broker]
url = "${broker}"
[link.lan]
to    = "broker"
topic = "${cohort}/${patient}/${device}/${stream}"
[[cohort]]
id      = "icu"
count   = 2
patient = { model = "adult_ward" }
  [[cohort.device]]
  id   = "mon"
  kind = "bedside_monitor"
  link = "lan"
[[step]]
id   = "slipped"
at   = "3s"
on   = "icu/1/mon"
do   = "sensor.bias"
for  = "4s"
with = { metrics = ["spo2"], add = -3 }
[[expect]]
id   = "everything arrives"
that = "delivered.ratio == 100%"
"""


@pytest.fixture
def scenario(tmp_path):
    file = tmp_path / "truth.toml"
    file.write_text(SCENARIO)
    return file


def rows(file):
    with file.open() as table:
        return list(csv.DictReader(table))


def test_the_truth_of_a_run_is_that_of_a_recording(scenario, tmp_path):
    truth, recording = tmp_path / "truth", tmp_path / "recording"
    done = iomt("run", scenario, "--out", tmp_path / "out", "--truth", truth)
    assert done.returncode == 0, done.stderr
    assert iomt("record", scenario, "--out", recording).returncode == 0
    for name in ("icu/1/truth.csv", "icu/2/truth.csv", "icu/1/labels.csv"):
        ours, theirs = rows(truth / name), rows(recording / name)
        # What falls on the end itself is said one grid step later.
        assert ours == [row for row in theirs if float(row.get("time_s", 0)) < 12] and ours, name
    ours, theirs = rows(truth / "icu/1/mon/numerics.csv"), rows(recording / "icu/1/mon/numerics.csv")
    assert ours == theirs[: len(ours)] and len(theirs) - len(ours) < 40
    # Samples that both have are the same, wherever their messages begin.
    ours, theirs = (wfdb.rdrecord(str(folder / "icu/1/mon/250hz")) for folder in (truth, recording))
    assert ours.sig_name == theirs.sig_name
    common = min(ours.sig_len, theirs.sig_len)
    both = ~np.isnan(ours.p_signal[:common])
    assert both.mean() > 0.7
    assert (ours.p_signal[:common][both] == theirs.p_signal[:common][both]).all()


def test_rows_find_their_payloads(mosquitto, scenario, tmp_path):
    """Stream and sequence of numerics.csv are those of the messages an independent subscriber got."""
    with Subscriber(mosquitto.port) as subscriber:
        arguments = sets(broker=mosquitto.url, mode="real")
        with Run(scenario, tmp_path / "out", "--truth", tmp_path / "truth", *arguments) as run:
            assert run.wait() == 0, run.said()
        subscriber.settle()
    serial = {device["path"]: device["serial"] for patient in plan(scenario)["patients"] for device in patient["devices"]}
    heard = {
        (message["d"], message["st"], message["s"], metric): value
        for message in subscriber.telemetry()
        for metric, value in (message.get("m", {}) | message.get("c", {})).items()
    }
    compared = 0
    for number in (1, 2):
        device = f"icu/{number}/mon"
        for row in rows(tmp_path / "truth" / device / "numerics.csv"):
            value = heard[serial[device], row["stream"], int(row["sequence"]), row["metric"]]
            if row["value"]:
                assert str(value) == row["value"] or float(value) == float(row["value"]), row
                compared += 1
    assert compared > 100


def plan(scenario):
    return json.loads(iomt("plan", scenario, "--json").stdout)


def test_steps_on_sensors_are_labelled(scenario, tmp_path):
    assert iomt("record", scenario, "--out", tmp_path / "out").returncode == 0
    bias = {"onset_s": "3.0", "end_s": "7.0", "label": "sensor.bias", "cause": "slipped"}
    assert bias in rows(tmp_path / "out/icu/1/labels.csv")
    assert bias not in rows(tmp_path / "out/icu/2/labels.csv")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_interrupted_recording_is_whole(ending, scenario, tmp_path):
    out = tmp_path / "out"
    command = [PROGRAM, "record", scenario, "--length", "400h", "--out", out]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as record:
        announced = record.stderr.readline()
        try:
            wait_until(lambda: list(out.rglob("*.dat")), timeout=60)
        finally:
            record.send_signal(ending)
        assert record.wait(60) == 130
    assert "will be written to" in announced and "GB of 2 patients" in announced
    manifest = json.loads((out / "manifest.json").read_text())
    assert 0 < manifest["length_s"] < 400 * 3600
    headers = [out / file["path"] for file in manifest["files"] if file["kind"] == "wfdb_header"]
    assert headers
    for header in headers:
        record = wfdb.rdrecord(str(header.with_suffix("")))
        assert abs(record.sig_len / record.fs - manifest["length_s"]) <= 10
    for file in manifest["files"]:
        if file["kind"] in ("truth", "numerics"):
            assert len(rows(out / file["path"])) == file["entries"]


def test_files_of_others_are_not_overwritten(scenario, tmp_path):
    foreign = tmp_path / "out/icu/2/truth.csv"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine\n")
    for command in (["record", scenario, "--out", tmp_path / "out"], ["run", scenario, "--out", tmp_path / "r", "--truth", tmp_path / "out"]):
        refused = iomt(*command)
        assert refused.returncode == 2
        assert f"{foreign} is in the way and of no recording; choose another folder or give --force" in refused.stderr
        assert foreign.read_text() == "mine\n"
    assert iomt("record", scenario, "--out", tmp_path / "out", "--force").returncode == 0
    again = iomt("record", scenario, "--out", tmp_path / "out")
    assert again.returncode == 2 and "already holds a recording" in again.stderr


def test_a_disk_that_takes_no_truth_does_not_cost_the_verdict(scenario, tmp_path):
    truth = tmp_path / "truth"
    truth.mkdir()
    # A file where the folder of a patient would be.
    (truth / "icu").write_text("")
    done = iomt("run", scenario, "--out", tmp_path / "out", "--truth", truth)
    assert done.returncode == 6, done.stderr
    assert "PASS" in done.stdout and "cannot write" in done.stderr
    assert json.loads((tmp_path / "out/run.json").read_text())["verdict"] == "pass"

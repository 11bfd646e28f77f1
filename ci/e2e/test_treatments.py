"""Pumps treat, orders beyond the hard limit are refused, and a pinned number is shown while the patient stays."""

import csv

import pytest

from program import SCENARIOS, iomt


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("treatments") / "recording"
    done = iomt("record", SCENARIOS / "treatments.toml", "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def truth(recording, cohort):
    with (recording / cohort / "1/truth.csv").open() as table:
        rows = list(csv.reader(table))
    names = [title.split(" ")[0] for title in rows[0]]
    return [dict(zip(names, map(float, row))) for row in rows[1:]]


def numerics(recording, device, metric):
    with (recording / device / "numerics.csv").open() as table:
        return [(float(row["time_s"]), row["value"]) for row in csv.DictReader(table) if row["metric"] == metric]


def test_propofol_puts_to_sleep_and_lowers_the_pressure(recording):
    states = truth(recording, "asleep")
    assert (states[59]["bis"], states[59]["gcs"]) == (97.4, 15)
    asleep = states[899]
    assert asleep["bis"] < 72 and asleep["acvpu"] >= 2
    assert 55 < asleep["map"] < states[59]["map"] - 8
    assert asleep["respiratory_rate"] == 14, "the ventilator's"
    with (recording / "asleep/1/drugs.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert {row["drug"] for row in rows} == {"propofol"}
    # Marsh: 10 mg/kg/h into 0.228 L/kg, of which 0.119 /min is cleared for good; after a quarter of an hour plasma is on
    # its way to 6.1 mg/L, and the effect site behind it.
    last = rows[-1]
    assert 2_500 < float(last["effect_site"]) < float(last["plasma"]) < 6_100


def test_the_pump_refuses_what_is_beyond_the_hard_limit(recording):
    rates = dict(numerics(recording, "asleep/1/pump", "inf_rate"))
    # 10 mg/kg/h are 70 mL/h of 10 mg/mL for 70 kg; 20 mg/kg/h would be 333 ug/kg/min, above 300.
    assert {float(rate) for at, rate in rates.items() if at > 61} == {70.0}


def test_blood_brings_back_what_blood_was(recording):
    states = truth(recording, "transfused")
    assert states[600]["blood_volume"] < 3.65 and states[600]["sbp"] < 95
    # 200 mL in ten minutes at 1200 mL/h, and refill.
    assert 0.19 < states[1199]["blood_volume"] - states[600]["blood_volume"] < 0.30
    assert states[1199]["map"] > states[600]["map"]


def test_a_pinned_number_is_shown_and_the_patient_stays(recording):
    for device, metric, value in [("mon", "spo2", 80), ("mon", "hr", 150), ("oximeter", "spo2", 80)]:
        shown = [(at, float(number)) for at, number in numerics(recording, f"shown/1/{device}", metric)]
        inside = {number for at, number in shown if 300 <= at < 420}
        outside = [number for at, number in shown if at < 300 or at >= 421]
        assert inside == {value} and all(abs(number - value) > 10 for number in outside), (device, metric)
    alarms = [word for _, word in numerics(recording, "shown/1/mon", "alarm")]
    assert {"spo2_low", "desaturation", "hr_high"} == set(alarms)
    states = truth(recording, "shown")
    assert all(abs(state["sao2"] - 97.2) < 0.1 for state in states)
    with (recording / "shown/1/labels.csv").open() as table:
        assert list(csv.DictReader(table)) == [], "nothing happened to the patient"

#!/usr/bin/env python3
"""Sets simglucose 0.2.11 beside our people: the same patients, meals and insulin, minute by minute, for a day.

    ci/peers simglucose                                    # makes the environment and runs this
    PEER_PYTHON ci/judges/glucose_peer.py [--iomt PROGRAM]

The insulin is what our pumps delivered, the meals are those of the scenario. Prints a row a patient: the greatest difference of
interstitial glucose with the equations of 2008 alone, where both must agree, and with what ours adds (glucagon, adrenaline, kidneys).
Exit code 1 when a patient of the first kind is off by more than 0.1 mg/dL.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from simglucose.patient.t1dpatient import Action, T1DPatient

ROOT = Path(__file__).resolve().parents[2]
PATIENTS = ["adult_002", "adult_007", "adolescent_001", "adolescent_006", "child_004", "child_009"]
MEALS = {420: 50, 750: 70, 1110: 60}
DAY_MIN = 1440
TOLERANCE_MG_DL = 0.1
# How ours answer lows (`therapy = "exact"`): theirs are given the same.
LOW_MG_DL, RESCUE_G, RESCUE_WAIT_MIN = 70, 15, 15

SCENARIO = """format = 1
scenario = "peer"
about = "published patients beside simglucose"
seed = 1
[time]
mode = "virtual"
length = "24h"
[target.broker]
kind = "mqtt"
url = "embedded"
[link.phone]
carrier = "mqtt"
to = "broker"
topic = "home/${patient.id}/${device}/${stream}"
format = "vendor-json"
"""
COHORT = """[[cohort]]
id = "{cohort}"
count = 1
patient = {{ model = "t1d_{group}", pack = "{pack}", meals = "{meals}", therapy = "exact", missed = "0 %", dawn = "0 %", glucagon = {glucagon}, circulation = false }}
  [[cohort.device]]
  id = "pump"
  kind = "insulin_pump"
  link = "phone"
  model = "ideal"
"""


def record(program, folder):
    meals = ", ".join(f"{minute // 60:02}:{minute % 60:02} {grams} g" for minute, grams in MEALS.items())
    cohorts = [
        COHORT.format(cohort=f"{pack}_{kind}", group=pack.split("_")[0], pack=pack, meals=meals, glucagon=glucagon)
        for pack in PATIENTS
        for kind, glucagon in [("plain", "false"), ("defended", "true")]
    ]
    scenario = folder / "peer.toml"
    scenario.write_text(SCENARIO + "\n".join(cohorts))
    subprocess.run([program, "record", scenario, "--out", folder / "recording"], check=True, stdout=subprocess.DEVNULL)
    return folder / "recording"


def truth(path):
    names = [name.split(" ")[0] for name in path.open().readline().strip().split(",")]
    values = np.loadtxt(path, delimiter=",", skiprows=1)
    return {name: column for name, column in zip(names, values.T)}


def carbohydrate(plasma):
    """What is eaten in each minute [g]: the meals, and what ours took against lows."""
    eaten, rescue_from = np.zeros(DAY_MIN), 0
    for minute, grams in MEALS.items():
        eaten[minute] = grams
    for minute in range(DAY_MIN):
        if minute >= rescue_from and plasma[minute] < LOW_MG_DL:
            eaten[minute] += RESCUE_G
            rescue_from = minute + RESCUE_WAIT_MIN
    return eaten


def theirs(pack, insulin, eaten):
    """Interstitial glucose of every minute with this insulin [U] and carbohydrate [g] in each."""
    patient = T1DPatient.withName(pack.replace("_", "#"))
    glucose = []
    for minute in range(DAY_MIN):
        glucose.append(float(patient.observation.Gsub))
        patient.step(Action(CHO=eaten[minute], insulin=insulin[minute]))
    return np.array(glucose)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iomt", default=ROOT / "target/release/iomt")
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        recording = record(arguments.iomt, Path(folder))
        print(f"{'patient':<16} {'equations of 2008':>18} {'with defences':>14}   lowest, ours and theirs")
        for pack in PATIENTS:
            greatest, lowest = [], []
            for kind in ["plain", "defended"]:
                ours = truth(recording / f"{pack}_{kind}" / "1" / "truth.csv")
                insulin = np.diff(ours["insulin_delivered"][: DAY_MIN + 1])
                insulin = np.append(insulin, insulin[-1])
                reference = theirs(pack, insulin, carbohydrate(ours["plasma_glucose"]))
                greatest.append(np.max(np.abs(ours["interstitial_glucose"][:DAY_MIN] - reference)))
                lowest.append((ours["interstitial_glucose"].min(), reference.min()))
            failed += greatest[0] > TOLERANCE_MG_DL
            print(f"{pack:<16} {greatest[0]:>12.4f} mg/dL {greatest[1]:>8.2f} mg/dL   {lowest[1][0]:.1f} {lowest[1][1]:.1f} mg/dL")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

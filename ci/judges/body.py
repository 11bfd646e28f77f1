#!/usr/bin/env python3
"""Judges what `iomt record` wrote of bodies in trouble: what must follow, follows, and what need not, does not.

    for name in body ventilated copd_oxygen; do
        iomt record ci/e2e/scenarios/$name.toml --out FOLDER/$name
    done
    python3 ci/judges/body.py FOLDER

Ventilators at their defaults, oxygen in COPD, opioids, fast rhythms, anaesthesia, a convulsion, an arrest and death, each by
figures that are published or that a clinician gave (docs/physiology.md). Reads the standard library alone; exit code 1 when a
row fails.
"""

import argparse
import sys
from pathlib import Path
from statistics import median

from core import Patient, Table


class Recording:
    def __init__(self, folder):
        self.folder = Path(folder)

    def patients(self, cohort):
        numbers = sorted(int(path.name) for path in (self.folder / cohort).iterdir())
        return [Patient(self.folder / cohort / str(number)) for number in numbers]

    def one(self, cohort):
        return Patient(self.folder / cohort / "1")


def between(patient, name, begin, end):
    return patient.columns[name][begin:end]


def judge_ventilators(table, recording):
    """Two hours at the defaults. Who retains carbon dioxide for good is ventilated towards his own."""
    paco2 = [patient.at("paco2", -1) for patient in recording.patients("icu")]
    held = sum(35 <= value <= 45 for value in paco2)
    found = f"{held} of {len(paco2)}, {min(paco2):.0f} to {max(paco2):.0f} mmHg"
    table.row("ventilators at their defaults: PaCO2 35 to 45 mmHg in 95 %", len(paco2) == 60 and held >= 57, found)
    changes = [patient.at("paco2", -1) - patient.at("paco2", 0) for patient in recording.patients("copd")]
    far = max(map(abs, changes))
    table.row("COPD on a ventilator stays within 12 mmHg of its own", len(changes) == 20 and far < 12, f"at most {far:.1f} mmHg")


def judge_oxygen(table, recording):
    """Aubier et al. 1980: +23 mmHg in exacerbations; Robinson et al. 2000: +8 mmHg in those who retain."""
    rises = [patient.at("paco2", 600 + 3_590) - patient.at("paco2", 599) for patient in recording.patients("retainers")]
    found = f"median {median(rises):.1f}, {min(rises):.1f} to {max(rises):.1f} mmHg"
    table.row("50 % oxygen for an hour in COPD: median rise 10 to 30 mmHg", 10 <= median(rises) <= 30, found)


def judge_opioids(table, recording):
    for cohort, rate_below, paco2_above, gcs_at_most in [("morphine", 10, 50, 14), ("fentanyl", 5, 60, 8)]:
        patient = recording.one(cohort)
        rate, paco2 = min(patient.columns["respiratory_rate"]), max(patient.columns["paco2"])
        gcs, score = min(patient.columns["gcs"]), max(patient.columns["news2"])
        found = f"{rate:.1f} /min, {paco2:.0f} mmHg, GCS {gcs:.0f}, NEWS2 {score:.0f}"
        passed = rate < rate_below and paco2 > paco2_above and gcs <= gcs_at_most and score >= 7
        table.row(f"{cohort}: slow breathing, carbon dioxide, sedation, NEWS2 of 7", passed, found)


def judge_rates(table, recording):
    """Clark et al. 1997: an irregular fast rhythm lowers output by a tenth; the faster a tachycardia, the less it brings."""
    patient = recording.one("af")
    before, fast = patient.at("cardiac_output", 290), patient.at("cardiac_output", 900)
    rate = patient.at("heart_rate", 900)
    table.row("fibrillation at 160 /min raises no output", 0.7 * before < fast < before and abs(rate - 160) < 2, f"{before:.2f} to {fast:.2f} L/min")
    for rhythm, slow, fast in [("vt", 180, 210), ("svt", 160, 200)]:
        outputs = [recording.one(f"{rhythm}_{rate}").at("cardiac_output", 360) for rate in (slow, fast)]
        pressures = [recording.one(f"{rhythm}_{rate}").at("map", 360) for rate in (slow, fast)]
        found = f"{outputs[0]:.2f} and {outputs[1]:.2f} L/min, {pressures[0]:.0f} and {pressures[1]:.0f} mmHg"
        table.row(f"{rhythm} of {fast} /min brings less than one of {slow}", outputs[1] < 0.98 * outputs[0] and pressures[1] < pressures[0], found)


def judge_anaesthesia(table, recording):
    """Controlled hypotension of 50 to 65 mmHg is borne (Degoute 2007); oxygen uptake falls by a quarter (Jakobsson 2019)."""
    patient = recording.one("asleep")
    pressures, lactate = between(patient, "map", 3_600, 10_800), max(patient.columns["lactate"])
    alive = min(patient.columns["heart_rate"]) > 40 and min(pressures) > 50
    found = f"{min(pressures):.0f} mmHg, lactate {lactate:.1f} mmol/L"
    table.row("three hours of propofol on a ventilator: low pressure and nothing lacks", alive and max(pressures) < 66 and lactate < 1.5, found)


def judge_convulsion(table, recording):
    """Orringer et al. 1977: 8 to 13 mmol/L after a generalised convulsion, which are gone after hours."""
    patient = recording.one("seizure")
    lactate = patient.columns["lactate"]
    peak = max(lactate)
    found = f"{peak:.1f} mmol/L after {lactate.index(peak) / 60 - 5:.0f} min, {lactate[-1]:.1f} at the end"
    table.row("a convulsion of 90 s: lactate 8 to 12 mmol/L within half an hour", 8 <= peak <= 12 and lactate.index(peak) < 300 + 1_800, found)
    table.row("... which is gone after three hours, and nobody dies of it", lactate[-1] < 2.5 and patient.at("gcs", -1) == 15, f"GCS {patient.at('gcs', -1):.0f}")


def judge_arrest(table, recording):
    patient = recording.one("arrest")
    breaths = between(patient, "respiratory_rate", 360, 770)
    table.row("nobody breathes in fibrillation, epinephrine or not", max(breaths) == 0, f"at most {max(breaths):.1f} /min")
    fastest = max(between(patient, "respiratory_rate", 780, 1_800))
    table.row("... nor races afterwards", fastest < 40, f"at most {fastest:.1f} /min")
    deepest = max(between(patient, "bis", 400, 770))
    table.row("a brain without blood has a depth index of 0", deepest == 0, f"at most {deepest:.1f}")

    patient = recording.one("bled")
    death = next(second for second, rate in enumerate(patient.columns["heart_rate"]) if rate == 0)
    volumes = between(patient, "blood_volume", death, 10_800)
    table.row("the dead do not bleed", max(volumes) - min(volumes) < 0.01, f"{volumes[0]:.2f} to {volumes[-1]:.2f} L")
    cooled = patient.at("temperature", death) - patient.at("temperature", death + 3_600)
    table.row("the dead cool by half a degree to one in the first hour", 0.5 <= cooled <= 1.2, f"{cooled:.2f} Cel")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    folder = Path(parser.parse_args().folder)
    body, table = Recording(folder / "body"), Table()
    judge_ventilators(table, Recording(folder / "ventilated"))
    judge_oxygen(table, Recording(folder / "copd_oxygen"))
    for judge in (judge_opioids, judge_rates, judge_anaesthesia, judge_convulsion, judge_arrest):
        judge(table, body)
    print(f"{table.failed} failed")
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())

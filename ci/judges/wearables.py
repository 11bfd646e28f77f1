#!/usr/bin/env python3
"""Judges a recording of scenarios/library/physiology/wearables.toml with spectra and statistics of its own.

    iomt record scenarios/library/physiology/wearables.toml --out FOLDER
    target/venv/bin/python ci/judges/wearables.py FOLDER

Gait is found in the spectrum of the accelerometer, steps and pressures are compared with the truth, the fall is looked
for as a detector would (weightless, hit, still), the pulse in the light is found by neurokit2. Prints a table; exit code
1 when a row fails.
"""

import argparse
import csv
import sys
import warnings
from pathlib import Path

import neurokit2 as nk
import numpy as np
import wfdb
from scipy import signal

warnings.filterwarnings("ignore")
RATE = 50
G = 9.80665
START_HOUR = 6
MOVING = {"walk", "run", "stairs", "cycle"}


class Table:
    def __init__(self):
        self.failed = 0

    def row(self, what, value, passed, wanted):
        self.failed += not passed
        print(f"{'ok  ' if passed else 'FAIL'}  {what:<46} {value:>30}  {wanted}")


def truth(folder):
    with (folder / "truth.csv").open() as table:
        names = [name.split(" [")[0] for name in next(csv.reader(table))]
        return dict(zip(names, np.loadtxt(table, delimiter=",").T))


class Numerics:
    """Readings by metric: times [s], values (nan where missing), qualities."""

    def __init__(self, folder):
        self.by_metric = {}
        with (folder / "numerics.csv").open() as table:
            for row in csv.DictReader(table):
                self.by_metric.setdefault(row["metric"], []).append((float(row["time_s"]), row["value"], row["quality"]))

    def numbers(self, metric):
        rows = self.by_metric.get(metric, [])
        return np.array([at for at, _, _ in rows]), np.array([float(value or "nan") for _, value, _ in rows])

    def codes(self, metric):
        return [(at, value) for at, value, _ in self.by_metric.get(metric, [])]


class Wearer:
    def __init__(self, folder):
        self.truth = truth(folder)
        self.numerics = Numerics(folder / "band")
        path = str(folder / "band" / f"{RATE}hz")
        self.acceleration = wfdb.rdrecord(path).p_signal / G
        labels = wfdb.rdann(path, "atr")
        notes = [
            (sample / RATE, text.strip("\0"))
            for sample, symbol, text in zip(labels.sample, labels.symbol, labels.aux_note)
            if symbol == '"'
        ]
        ends = [at for at, _ in notes[1:]] + [len(self.acceleration) / RATE]
        self.bouts = [(what, begin, end) for (begin, what), end in zip(notes, ends)]

    def doing(self, times, behaviours):
        inside = np.zeros(len(times), bool)
        for what, begin, end in self.bouts:
            if what in behaviours:
                inside |= (times >= begin) & (times < end)
        return inside

    def magnitude(self, begin, end):
        return np.linalg.norm(self.acceleration[int(begin * RATE) : int(end * RATE)], axis=1)


def at_times(wearer_truth, column, times):
    return np.interp(times, wearer_truth["time_s"], wearer_truth[column])


def judge_gait(table, name, wearer):
    errors, cadences = [], []
    steps, seconds = wearer.truth["steps"], wearer.truth["time_s"]
    for what, begin, end in wearer.bouts:
        if what != "walk" or end - begin < 45:
            continue
        inside = (seconds >= begin + 2) & (seconds <= end - 2)
        cadence = (steps[inside][-1] - steps[inside][0]) / (seconds[inside][-1] - seconds[inside][0])
        axis = wearer.acceleration[int(begin * RATE) : int(end * RATE)]
        frequency, power = signal.periodogram(axis - axis.mean(axis=0), RATE, nfft=1 << 15, axis=0)
        band = (frequency > 1.3) & (frequency < 2.6)
        errors.append(frequency[band][np.argmax(power.sum(axis=1)[band])] - cadence)
        cadences.append(cadence)
    good = np.mean(np.abs(errors) < 0.06)
    table.row(f"{name}: gait in the spectrum of {len(errors)} walks", f"{100 * good:.0f} % within 0.06 Hz", good >= 0.95, ">= 95 %")
    mean = np.mean(cadences)
    table.row(f"{name}: cadence of walks", f"{mean:.2f} steps/s", 1.7 < mean < 2.0, "1.7 to 2.0")


def judge_steps(table, name, wearer):
    times, shown = wearer.numerics.numbers("steps")
    midnight = (24 - START_HOUR) * 3600
    last = np.flatnonzero(times < midnight)[-1]
    made = at_times(wearer.truth, "steps", times[last])
    error = shown[last] / made - 1
    table.row(f"{name}: steps at midnight", f"{shown[last]:.0f} of {made:.0f}", abs(error) < 0.055, "within 5.5 %")
    first = np.flatnonzero(times >= midnight)[0]
    table.row(f"{name}: count begins anew", f"{shown[first]:.0f}", shown[first] < 200, "< 200 after midnight")


def judge_body(table, name, wearer):
    times, skin = wearer.numerics.numbers("temp_skin")
    table.row(
        f"{name}: skin temperature",
        f"{skin.min():.1f} to {skin.max():.1f}, mean {skin.mean():.1f} Cel",
        skin.min() > 28 and skin.max() < 37 and 31 < skin.mean() < 34.5,
        "28 to 37, mean 31 to 34.5",
    )
    times, rate = wearer.numerics.numbers("pr")
    still = ~wearer.doing(times, MOVING)
    error = rate[still] - at_times(wearer.truth, "heart_rate", times[still])
    table.row(f"{name}: pulse rate at rest", f"{error.mean():+.1f} +- {error.std():.1f} /min", abs(error.mean()) < 2 and error.std() < 6, "mean < 2, sd < 6")
    asleep, awake = (wearer.truth["heart_rate"][wearer.doing(wearer.truth["time_s"], kinds)].mean() for kinds in ({"sleep"}, {"sit", "stand"}))
    table.row(f"{name}: heart rate asleep and awake", f"{asleep:.0f} and {awake:.0f} /min", 0.65 < asleep / awake < 0.95, "asleep 5 to 35 % lower")
    walking = wearer.truth["heart_rate"][wearer.doing(wearer.truth["time_s"], {"walk"})].mean()
    table.row(f"{name}: heart rate walking", f"{walking:.0f} /min", walking > awake + 5, "> awake + 5")
    hours = wearer.doing(wearer.truth["time_s"], {"sleep"}).sum() / 3600
    table.row(f"{name}: sleep", f"{hours:.1f} h", 5 < hours < 10, "5 to 10 h")


def judge_fall(table, wearer):
    falls = [(begin, end) for what, begin, end in wearer.bouts if what == "fall"]
    table.row("fall: labels", str(len(falls)), len(falls) == 1, "1")
    begin, end = falls[0]
    felt = wearer.magnitude(begin - 2, begin + 2)
    weightless = np.flatnonzero(felt < 0.4)
    hit = int(np.argmax(felt))
    table.row("fall: weightless", f"{len(weightless) / RATE:.2f} s", 0.2 <= len(weightless) / RATE <= 0.4, "0.2 to 0.4 s")
    table.row(
        "fall: hit after it",
        f"{felt[hit]:.1f} g after {(hit - weightless[0]) / RATE:.2f} s",
        2.5 < felt[hit] < 8 and 0 < (hit - weightless[-1]) / RATE < 0.2,
        "2.5 to 8 g at its end",
    )
    still = wearer.magnitude(begin + 5, min(end, begin + 300))
    table.row("fall: still", f"{still.mean():.2f} +- {still.std():.3f} g", abs(still.mean() - 1) < 0.03 and still.std() < 0.03, "1 g, sd < 0.03")
    alarms = [at for at, code in wearer.numerics.codes("alarm") if code == "fall"]
    late = [at - begin for at in alarms]
    table.row("fall: alarms", str([round(seconds, 1) for seconds in late]), len(late) == 1 and 0 < late[0] < 30, "one within 30 s")


def judge_cuffs(table, folder):
    errors = {"nibp_sys": [], "nibp_dia": [], "nibp_mean": []}
    columns = {"nibp_sys": "sbp", "nibp_dia": "dbp", "nibp_mean": "map"}
    measured = asked = 0
    for person in sorted((folder / "rest").iterdir()):
        body, numerics = truth(person), Numerics(person / "cuff")
        for metric, column in columns.items():
            times, shown = numerics.numbers(metric)
            good = np.isfinite(shown)
            measured, asked = measured + good.sum(), asked + len(good)
            # The cuff averages over some half minute before it tells.
            errors[metric].extend(shown[good] - at_times(body, column, times[good] - 16))
    for metric, values in errors.items():
        values = np.array(values)
        table.row(
            f"cuff at rest: error of {metric}",
            f"{values.mean():+.2f} +- {values.std():.2f} mmHg (n {len(values)})",
            abs(values.mean()) < 0.5 and 2.7 < values.std() < 3.3,
            "mean < 0.5, sd 2.7 to 3.3",
        )
    table.row("cuff at rest: measured", f"{measured} of {asked}", measured > 0.99 * asked, "> 99 %")
    _, shown = Numerics(folder / "fibrillating/1/cuff").numbers("nibp_sys")
    table.row("cuff in fibrillation: failed", f"{np.isnan(shown).sum()} of {len(shown)}", np.isnan(shown).mean() > 0.8, "> 80 %")


def judge_moving_arm(table, folder):
    failed = moving = 0
    for person in sorted((folder / "usual").iterdir()):
        wearer, cuff = Wearer(person), Numerics(person / "cuff")
        times, shown = cuff.numbers("nibp_sys")
        missing = np.isnan(shown)
        # Moved at any time of the longest measurement.
        moved = np.any([wearer.doing(times - before, MOVING) for before in range(41)], axis=0)
        failed += missing.sum()
        moving += (missing & moved).sum()
    table.row("cuff on active people: failed", f"{failed}, moving {moving}", failed > 0 and moving == failed, "some, all of them moving")


def judge_light(table, wearer, folder):
    record = wfdb.rdrecord(str(folder / "band" / "25hz"))
    green = record.p_signal[:, 0]
    begin = max(((end - begin, begin) for what, begin, end in wearer.bouts if what == "sleep"))[1] + 300
    piece = green[int(begin * 25) : int((begin + 300) * 25)]
    peaks = nk.ppg_findpeaks(nk.ppg_clean(piece, sampling_rate=25), sampling_rate=25)["PPG_Peaks"]
    found = 60 * 25 / np.mean(np.diff(peaks))
    inside = (wearer.truth["time_s"] >= begin) & (wearer.truth["time_s"] < begin + 300)
    expected = wearer.truth["heart_rate"][inside].mean()
    table.row("trained: pulse in the light, asleep", f"{found:.1f} of {expected:.1f} /min", abs(found - expected) < 2.5, "within 2.5 /min")


def judge_belt(table, wearer, folder):
    belt = Numerics(folder / "belt")
    told = sum(belt.numbers(metric)[1].sum() for metric in belt.by_metric if metric.startswith("rr_interval")) / 1000
    length = wearer.truth["time_s"][-1]
    table.row("trained: intervals of the belt", f"{told:.0f} of {length:.0f} s", abs(told / length - 1) < 0.002, "within 0.2 %")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    table = Table()
    for cohort, number in (("usual", 1), ("usual", 2), ("trained", 1), ("elderly", 1)):
        wearer = Wearer(folder / cohort / str(number))
        name = f"{cohort} {number}"
        judge_gait(table, name, wearer)
        judge_steps(table, name, wearer)
        judge_body(table, name, wearer)
        if cohort == "elderly":
            judge_fall(table, wearer)
        if cohort == "trained":
            judge_light(table, wearer, folder / cohort / str(number))
            judge_belt(table, wearer, folder / cohort / str(number))
    judge_cuffs(table, folder)
    judge_moving_arm(table, folder)
    sys.exit(table.failed > 0)


if __name__ == "__main__":
    main()

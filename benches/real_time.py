#!/usr/bin/env python3
"""How many patients one core simulates in real time: `iomt fingerprint` on generated cohorts, payload bytes included.

    benches/real_time.py [PROGRAM ...]

Each case is run for some simulated seconds with one thread and again for none to speak of, so that starting up does not
count. With several programs (two builds) the runs alternate and the ratio of the first to the last is told. What counts
is time on a processor, not on the clock, so other work on the machine disturbs the figures little.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
SECONDS = 60

SCENARIO = """
format = 1
scenario = "real-time"
seed = 1
[time]
mode = "virtual"
length = "1h"
[target.broker]
kind = "mqtt"
url = "embedded"
[link.lan]
to = "broker"
topic = "${{device.serial}}/${{stream}}"
[[cohort]]
id = "p"
count = {patients}
patient = {{ model = "adult_ward" }}
{devices}
"""

DEVICE = """
[[cohort.device]]
id = "{id}"
kind = "{kind}"
link = "lan"
stream = {{ {streams} }}
{options}
"""

LEADS = "leads = [" + ", ".join(
    f'"ecg_{lead}"' for lead in ["i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6"]
) + "]"


def device(id, kind, streams, options=""):
    return DEVICE.format(id=id, kind=kind, streams=streams, options=options)


CASES = {
    "vitals every second": (2_000, device("oxi", "pulse_oximeter", 'spo2 = "1s"')),
    "vitals, ECG at 250 Hz, PPG at 125 Hz": (
        300,
        device("oxi", "pulse_oximeter", 'spo2 = "1s", pleth = "125Hz / 125"')
        + device("patch", "ecg_patch", 'ecg = "250Hz / 250"'),
    ),
    "12 leads at 500 Hz": (60, device("patch", "ecg_patch", 'ecg = "500Hz / 500"', LEADS)),
}


def processor_seconds(program, file, length):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [program, "fingerprint", file, "--length", length, "--threads", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(done.stderr)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, json.loads(done.stdout)


def measure(program, file, patients):
    idle, _ = processor_seconds(program, file, "100ms")
    busy, line = processor_seconds(program, file, f"{SECONDS}s")
    return patients * SECONDS / (busy - idle), line["bytes"] / SECONDS / patients, line["sha256"]


def main():
    programs = sys.argv[1:] or [str(ROOT / "target/release/iomt")]
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "scenario.toml")
        for name, (patients, devices) in CASES.items():
            Path(file).write_text(SCENARIO.format(patients=patients, devices=devices))
            runs = [[measure(program, file, patients) for program in programs] for _ in range(ROUNDS)]
            best = [max(run[place][0] for run in runs) for place in range(len(programs))]
            line = {
                "case": name,
                "patients_in_real_time": [round(figure) for figure in best],
                "payload_bytes_per_patient_second": round(runs[0][-1][1]),
                "same_bytes": len({run[2] for round_ in runs for run in round_}) == 1,
                "load": round(os.getloadavg()[0], 1),
            }
            if len(programs) > 1:
                line["ratios"] = [round(run[-1][0] / run[0][0], 2) for run in runs]
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

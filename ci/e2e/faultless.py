"""Runs without a fault, of each sort in turn, three at a time; none may fail.

    target/venv/bin/python ci/e2e/faultless.py [RUNS]

RUNS is 200 unless given. Exit 1 when a run fails or ends with an error. Runs that a busy machine has made inconclusive are
counted apart, and told with their reasons.
"""

import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

from brokers import Mosquitto
from program import SCENARIOS, Run, sets

SCENARIO = SCENARIOS / "faultless.toml"
AT_ONCE = 3
PASSED, INCONCLUSIVE = 0, 4


def alone(broker, folder, qos):
    return [Run(SCENARIO, folder / "out", *sets(broker=broker.url, qos=qos))]


def two_parts(broker, folder, qos):
    """The two halves of one scenario."""
    parts = (["--partition", f"slice:{part}/2"] for part in (1, 2))
    return [
        Run(SCENARIO, folder / f"part-{number}", *sets(broker=broker.url, qos=qos), *part)
        for number, part in enumerate(parts)
    ]


def beside_another(broker, folder, qos):
    """A colleague's run of the same devices, with topics and client ids of its own."""
    roots = ("faultless", "colleague")
    return [Run(SCENARIO, folder / root, *sets(broker=broker.url, qos=qos, root=root)) for root in roots]


def with_a_restart(broker, folder, qos):
    """The broker is stopped and started again; it keeps what it has. Messages without an acknowledgement come again."""
    runs = [Run(SCENARIO, folder / "out", *sets(broker=broker.url, qos=qos, copies=1000))]
    time.sleep(5)
    broker.stop()
    time.sleep(0.5)
    broker.start()
    return runs


# At QoS 0 a restart does lose messages.
SORTS = [(alone, 0), (alone, 1), (two_parts, 0), (two_parts, 1), (beside_another, 1), (with_a_restart, 1)]


def outcomes(number, sort, qos):
    """Runs of one sort, to their end: exit code and what was said of each."""
    name = f"{number} {sort.__name__} QoS {qos}"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        broker = Mosquitto(folder / "broker", ["persistence true"]).start()
        try:
            runs = sort(broker, folder, qos)
            return [(name, run.wait(), run.said()) for run in runs]
        finally:
            broker.close()


def judge(count):
    """Runs so many; gives how many ended how, and those that ended as they should not."""
    chosen = list(islice(cycle(SORTS), count))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = [one for runs in pool.map(outcomes, range(count), *zip(*chosen)) for one in runs]
    codes = Counter(code for _, code, _ in ended)
    wrong = [(name, code, said) for name, code, said in ended if code not in (PASSED, INCONCLUSIVE)]
    unsure = [(name, code, said) for name, code, said in ended if code == INCONCLUSIVE]
    return codes, wrong, unsure


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    codes, wrong, unsure = judge(count)
    for name, code, said in wrong + unsure:
        print(f"--- {name}: exit code {code}\n{said}")
    print(f"{codes[PASSED]} passed, {codes[INCONCLUSIVE]} inconclusive, {len(wrong)} failed of {codes.total()} runs")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

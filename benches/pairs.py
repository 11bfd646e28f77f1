#!/usr/bin/env python3
"""Two builds of the testbed beside each other: is the newer one slower?

    benches/pairs.py OLD NEW [--rounds 8] [--connections 5000] [--only pieces|population|patients|messages]

OLD and NEW are folders `target/release` of two checkouts, built with `cargo build --release --workspace`. Every figure is
taken in alternating pairs, so a machine that drifts slows both. What is told is the median of the ratios new / old and
its 95 % interval (percentiles of 10 000 resamples of the pairs); beside each group stands a bench that is the same in
both builds, whose ratio says how far the comparison itself can be trusted.

    pieces     the units of `hot_path`; the unchanged bench fills a buffer
    population a grid step of patients who wear nothing, by their number, and days of people with diabetes per second:
               `population`
    patients   CPU of `iomt fingerprint` per patient and second (cases of real_time.py)
    messages   CPU per message over MQTT to one Mosquitto (scenario of compare.py), start and connects included: the
               difference of two runs, as compare.py takes it, doubles the noise; the unchanged bench is the bare poll
               loop of `floor`, always OLD's

Needs Mosquitto for the messages (apt-get install mosquitto). Only loopback is used.
"""
import argparse, json, os, random, statistics, subprocess, sys, tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "compare")]
import compare
import real_time

SECONDS = 20
# Simulated time of a case: the longer, the less it matters how long starting up took.
real_time.SECONDS = 120


def interval(ratios):
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(10_000))
    return medians[250], medians[9_749]


def tell(group, figure, old, new):
    ratios = [b / a for a, b in zip(old, new)]
    low, high = interval(ratios)
    line = f"{group:<10} {figure:<55} {statistics.median(old):12.4g} {statistics.median(new):12.4g}"
    print(f"{line}   {statistics.median(ratios):.3f} [{low:.3f}, {high:.3f}] n={len(ratios)} load {os.getloadavg()[0]:.1f}", flush=True)


def alternate(rounds, old, new):
    """Figures of both, the order turned round in every other pair."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            second, first = new(), old()
        else:
            first, second = old(), new()
        pairs.append((first, second))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def figures(options, group, program, *arguments):
    """Every figure of a program that prints them as one JSON line."""

    def measure(folder):
        command = [f"{folder}/{program}", *arguments]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    old, new = alternate(options.rounds, lambda: measure(options.old), lambda: measure(options.new))
    for figure in old[0]:
        tell(group, figure, [run[figure] for run in old], [run[figure] for run in new])


def pieces(options):
    figures(options, "pieces", "hot_path")


def population(options):
    figures(options, "population", "population", "5")


def patients(options):
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/scenario.toml"
        for name, (count, devices) in real_time.CASES.items():
            Path(file).write_text(real_time.SCENARIO.format(patients=count, devices=devices))

            def measure(build):
                rate, _, _ = real_time.measure(f"{build}/iomt", file, count)
                return 1e6 / rate

            old, new = alternate(options.rounds, lambda: measure(options.old), lambda: measure(options.new))
            tell("patients", f"us per patient and second, {name}", old, new)


def messages(options):
    n = options.connections
    with tempfile.TemporaryDirectory() as folder:
        broker, port = compare.start_mosquitto(folder)
        try:
            for qos, watch, judged in [(1, "compare/#", "received and judged"), (0, "nothing/#", "sent only")]:

                def program(build):
                    cpu, sent, _ = compare.iomt(build, watch, port, n, SECONDS, qos, folder)
                    return cpu * 1e6 / sent

                def bare():
                    cpu, sent, _ = compare.floor(options.old, "poll", port, n, SECONDS, qos)
                    return cpu * 1e6 / sent

                floors = []

                def old_after_floor():
                    floors.append(bare())
                    return program(options.old)

                old, new = alternate(options.rounds, old_after_floor, lambda: program(options.new))
                tell("messages", f"us per message, QoS {qos}, {judged}", old, new)
                halves = floors[::2], floors[1::2]
                count = min(map(len, halves))
                tell("messages", f"unchanged: poll loop, QoS {qos}, odd / even runs", halves[0][:count], halves[1][:count])
        finally:
            broker.terminate()
            broker.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--only", choices=["pieces", "population", "patients", "messages"])
    options = parser.parse_args()
    print(f"{'group':<10} {'figure':<55} {'old':>12} {'new':>12}   new / old")
    for group in (pieces, population, patients, messages):
        if options.only in (None, group.__name__):
            group(options)


if __name__ == "__main__":
    main()

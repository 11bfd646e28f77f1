"""Many devices over plain TCP, TLS and TLS with a certificate each, one after another at Mosquitto: first connections, a cut
of everybody, and the connections that follow.

    target/venv/bin/python ci/e2e/secured_scale.py [DEVICES]

DEVICES is 5000 unless given. Prints a table for docs/speed.md: connections a second after the cut (to a second), memory a
device, and how many handshakes resumed a session. Exit 1 when something is lost or changed, or not everybody comes (back).
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from brokers import Mosquitto
from certificates import Authority, listener
from program import SCENARIOS, Run

SECURED = (SCENARIOS / "secured.toml").read_text()
LENGTH_S, CUT_S, HEALED_S = 80, 40, 42
STEPS = f"""
[[step]]
id   = "everybody"
at   = "{CUT_S}s"
on   = "icu"
do   = "net.cut"
for  = "{HEALED_S - CUT_S}s"
with = {{ how = "rst" }}
"""
CA, MUTUAL = 'ca = "ca/ca.pem"', 'ca = "ca/ca.pem", issuer = "ca/ca.pem", issuer_key = "ca/ca.key"'
SORTS = {"plain": "", "TLS": CA, "TLS, a certificate for each device": MUTUAL}


def scenario(folder, url, with_, devices):
    values = {"count": devices, "length": f'"{LENGTH_S}s"', "drain": '"20s"'}
    text = SECURED.replace('"mosquitto"', f'"{url}"', 1).replace("with = {}", f"with = {{ {with_} }}")
    for name, value in values.items():
        text = re.sub(rf"^{name} +=.*$", f"{name} = {value}", text, flags=re.M)
    text = text.replace('link = "wifi"', 'link = "wifi"\n  stream = { spo2 = "10s" }')
    path = folder / "scale.toml"
    path.write_text(text.replace("[[expect]]", STEPS + "\n[[expect]]", 1))
    return path


def connecting(report, devices, from_s, to_s):
    """Connections a second while they rise from an instant on, and whether all devices came."""
    series = report["series"]
    width = series["window_s"]
    online = [(index * width, window["connections"] or 0) for index, window in enumerate(series["windows"])]
    span = [(at, count) for at, count in online if from_s <= at < to_s]
    rising = [(at, count) for at, count in span if 0 < count < devices]
    before = [count for at, count in online if at < from_s][-1:] or [0]
    full = next((at for at, count in span if count >= devices), None)
    if full is None:
        return None, False
    first = min(before[0], rising[0][1] if rising else 0)
    return (devices - first) / max(full - from_s, width), True


def measured(sort, devices, authority, folder):
    mutual = sort == list(SORTS)[2]
    lines = [] if sort == "plain" else listener(authority.issue(f"broker-{len(sort)}"))
    if mutual:
        lines += [f"cafile {authority.certificate}", "require_certificate true"]
    broker = Mosquitto(folder / f"broker-{len(sort)}", [*lines, "max_queued_messages 0"]).start()
    try:
        path = scenario(folder, broker.url, SORTS[sort], devices)
        with Run(path, folder / f"out-{len(sort)}") as run:
            code = run.wait(LENGTH_S + 120)
        if code in (2, 3):
            sys.exit(run.said())
        return code, run.report, run.said()
    finally:
        broker.close()


def main():
    devices = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    print(f"{devices} devices, a message each in 10 s at QoS 1; load {os.getloadavg()[0]:.1f} before")
    print("| | connects a second after the cut | p50 of an attempt | memory a device | handshakes | resumed |")
    print("|---|---|---|---|---|---|")
    sound = True
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        authority = Authority(folder / "ca")
        for sort in SORTS:
            code, report, said = measured(sort, devices, authority, folder)
            _, all_came = connecting(report, devices, 0, CUT_S)
            again, all_back = connecting(report, devices, HEALED_S, LENGTH_S)
            counts, connections = [report[name] for name in ("lost", "corrupted", "pending")], report["connections"]
            memory = report["generator"]["rss_per_device"]
            print(
                f"| {sort} | {again and round(again)} | {connections['connect']['p50_s'] * 1e3:.0f} ms "
                f"| {memory / 1e3:.0f} kB | {connections['handshakes']} | {connections['handshakes_resumed']} |",
                flush=True,
            )
            if code == 1 or any(counts) or not (all_came and all_back):
                sound = False
                print(said)
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()

"""FHIR transactions of `iomt` into a FHIR server of another author: what was acknowledged is there, nothing twice, and says what
the devices said, as `--truth` has recorded it beside the run.

    ci/fhir_server.py SEKMET
"""

import collections
import csv
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 60


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def wait_for(url):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return get(url)
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                sys.exit(f"{url} does not answer")
            time.sleep(0.2)


def observations(base):
    """Each identifier of an Observation with the Observations that carry it."""
    found = collections.defaultdict(list)
    url = f"{base}/Observation?_count=200"
    while url:
        page = get(url)
        for entry in page.get("entry", []):
            for identifier in entry["resource"].get("identifier", []):
                found[identifier["value"]].append(entry["resource"])
        url = next((link["url"] for link in page.get("link", []) if link["relation"] == "next"), None)
    return found


def said(truth):
    """Every number that a device said: what begins the identifier of its Observation, value and unit."""
    for file in sorted(truth.glob("*/*/*/numerics.csv")):
        cohort, patient, device = file.parts[-4:-1]
        serial = f"{cohort}-{int(patient):04}-{device}"
        with file.open() as rows:
            for row in csv.DictReader(rows):
                yield f"{serial}/{row['stream']}/{row['sequence']}/{row['metric']}/", row


def disagreements(found, truth, start):
    """What the server holds otherwise than it was said, and how many numbers were compared.

    The report tells when the run began, and simulated time begins a lead later: the same one for every number.
    """
    by_beginning = {identifier.rsplit("/", 1)[0] + "/": resources[0] for identifier, resources in found.items()}
    faults, leads_s = [], []
    for beginning, row in said(truth):
        held = by_beginning.get(beginning)
        if held is None:
            faults.append(f"{beginning} is not there")
            continue
        if row["quality"] != "ok":
            continue
        quantity = held.get("valueQuantity", {"value": "nan", "code": None})
        leads_s.append((datetime.fromisoformat(held["effectiveDateTime"]) - start).total_seconds() - float(row["time_s"]))
        if float(quantity["value"]) != float(row["value"]) or quantity["code"] != row["unit"]:
            faults.append(f"{beginning} is {quantity['value']} {quantity['code']} instead of {row['value']} {row['unit']}")
    # Device time has whole milliseconds, rounded.
    if leads_s and not (0 <= min(leads_s) and max(leads_s) < 1 and max(leads_s) - min(leads_s) <= 0.0011):
        faults.append(f"times are {min(leads_s):.4f} to {max(leads_s):.4f} s after what was said, instead of one lead")
    return faults, len(leads_s)


def main():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}/fhir"
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"SEKMET_BASE_URL": base, "SEKMET_PUBLIC_URL": base}
        command = [str(Path(sys.argv[1]).absolute()), "serve", "--host", "127.0.0.1", "--port", str(port)]
        with open(f"{folder}/log", "w") as log:
            server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"{base}/metadata")
            out, truth = f"{folder}/out", Path(folder) / "truth"
            run = [ROOT / "target/release/iomt", "run", ROOT / "ci/fhir_server.toml", "--out", out, "--truth", truth, "--set", f"server={base}"]
            done = subprocess.run(run, capture_output=True, text=True)
            print(done.stdout)
            report = json.loads(Path(f"{out}/run.json").read_text())
            found = observations(base)
            start = datetime.fromisoformat(report["window"]["started_at"])
            faults, compared = disagreements(found, truth, start)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
    acknowledged = report["acked"]
    twice = [value for value, resources in found.items() if len(resources) > 1]
    print(f"{acknowledged} bundles acknowledged, {len(found)} observations there, {len(twice)} of them twice")
    print(f"{compared} numbers compared with what devices said, {len(faults)} of them otherwise", *faults[:10], sep="\n")
    if done.returncode != 0 or not acknowledged or twice or len(found) < acknowledged:
        sys.exit("the server does not hold what it acknowledged, each once")
    if faults or compared < acknowledged:
        sys.exit("the server does not say what the devices said")


main()

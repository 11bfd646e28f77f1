"""FHIR transactions of `iomt` into a FHIR server of another author: what was acknowledged is there, and nothing twice.

    ci/fhir_server.py SEKMET
"""

import collections
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


def identifiers(base):
    """How often each identifier of an Observation is there."""
    found = collections.Counter()
    url = f"{base}/Observation?_count=200"
    while url:
        page = get(url)
        for entry in page.get("entry", []):
            for identifier in entry["resource"].get("identifier", []):
                found[identifier["value"]] += 1
        url = next((link["url"] for link in page.get("link", []) if link["relation"] == "next"), None)
    return found


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
            out = f"{folder}/out"
            run = [ROOT / "target/release/iomt", "run", ROOT / "ci/fhir_server.toml", "--out", out, "--set", f"server={base}"]
            done = subprocess.run(run, capture_output=True, text=True)
            print(done.stdout)
            report = json.loads(Path(f"{out}/run.json").read_text())
            found = identifiers(base)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
    acknowledged = report["acked"]
    twice = [value for value, count in found.items() if count > 1]
    print(f"{acknowledged} bundles acknowledged, {len(found)} observations there, {len(twice)} of them twice")
    if done.returncode != 0 or not acknowledged or twice or len(found) < acknowledged:
        sys.exit("the server does not hold what it acknowledged, each once")


main()

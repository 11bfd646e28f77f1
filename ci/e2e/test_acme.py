"""A vendor's own program, built from the public crate alone: its device, format, link rule and probe take part in a run."""

import json
import shutil
import subprocess

import pytest

from program import ROOT, environment, iomt, sets

ACME = ROOT / "examples/acme"
PROGRAM = ROOT / "target/release/acme-iomt"


def acme(*arguments, timeout=120):
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, cwd=ACME, env=environment(), capture_output=True, text=True, timeout=timeout)


def report(folder):
    return json.loads((folder / "run.json").read_text())


def test_it_has_its_own_name_and_says_what_is_inside():
    theirs, ours = acme("--version").stdout.split(), iomt("--version").stdout.split()
    assert theirs[:2] == ["acme-iomt", "2.1.0"]
    assert " ".join(theirs[2:]) == f"({' '.join(ours)})"
    assert "acme_puff_flow" in acme("devices", "smart_inhaler").stdout


def test_its_ward_passes(tmp_path):
    done = acme("run", "scenarios/ward.toml", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    seen = report(tmp_path / "out")
    assert seen["delivered"] == seen["generated"] > 300
    assert seen["tool"].startswith("acme-iomt 2.1.0 (iomt ")
    evidence = {step["id"]: step["evidence"] for step in seen["steps"]}
    assert evidence["new_canister"] == {"answers_applied": 1}
    assert evidence["no_network"]["links_cut"] == 10


def test_its_fault_is_found_for_what_it_is(tmp_path):
    done = acme("run", "scenarios/garbled.toml", "--out", tmp_path / "out")
    assert done.returncode == 1, done.stdout + done.stderr
    seen = report(tmp_path / "out")
    garbled = next(step for step in seen["steps"] if step["id"] == "old_modem")["evidence"]["lines_garbled"]
    assert seen["corrupted"] == garbled > 0
    failed = {row["id"] for row in seen["expect"] if row["verdict"] == "fail"}
    assert "nothing is changed" in failed
    assert not failed & {"nothing is invented", "nothing arrives under another device"}


def test_its_probe_judges_what_its_ingester_stored(tmp_path, mosquitto):
    stored = tmp_path / "stored.txt"
    client = shutil.which("mosquitto_sub")
    assert client, "mosquitto_sub is not installed: run ci/install"
    words = [client, "-p", str(mosquitto.port), "-q", "1", "-t", "acme/#", "-F", "%t %p"]
    with stored.open("w") as file, subprocess.Popen(["stdbuf", "-oL", *words], stdout=file) as ingester:
        try:
            done = acme(
                "run", "scenarios/stored.toml", "--out", tmp_path / "out", *sets(broker=mosquitto.url, stored=stored)
            )
        finally:
            ingester.terminate()
    assert done.returncode == 0, done.stdout + done.stderr
    seen = report(tmp_path / "out")
    assert seen["probes"][0]["id"] == "store"
    assert seen["delivered"] == seen["generated"] > 60


@pytest.mark.parametrize("command", ["actions acme.garble", "devices smart_inhaler"])
def test_the_testbeds_own_program_knows_nothing_of_it(command):
    assert iomt(*command.split()).returncode == 2

"""The wheel that carries the program: installed into an environment of its own, without a compiler."""

import os
import subprocess
import sys
import venv
import zipfile

import pytest
from program import PROGRAM, ROOT

PACK = ROOT / "packaging/wheel.py"

#: The quickstart's four expectations over a few seconds.
SCENARIO = """
format   = 1
scenario = "wheel"
seed     = 1

[vars]
broker = "embedded"
beds   = 20

[time]
mode   = "real"
warmup = "1s"
length = "6s"
drain  = "3s"

[target.broker]
url = "${broker}"

[link.wifi]
to    = "broker"
topic = "ward/${patient.id}/${device}/${stream}"
qos   = 1

[probe.wire]
to     = "broker"
filter = "ward/#"

[[cohort]]
id      = "ward"
count   = "${beds}"
patient = { model = "adult_ward" }

  [[cohort.device]]
  id     = "oximeter"
  kind   = "pulse_oximeter"
  link   = "wifi"
  stream = { spo2 = "1s" }

[[expect]]
id   = "nothing acknowledged is lost"
that = "lost(acked) == 0"

[[expect]]
id     = "nothing is invented, changed or mixed up"
that   = "corrupted == 0"
always = true
"""

TEST = """
import pytest
import iomt


def test_a_ward(iomt_run):
    report = iomt_run("ward.toml", set={"beds": 5}, arguments=["--quiet"])
    # A busy machine may prove nothing, but it must not lose anything.
    assert report.verdict in ("pass", "inconclusive"), report
    assert report.html.is_file() and report.junit.is_file()
    assert report.expectations["nothing acknowledged is lost"]["verdict"] == "pass"


def test_a_file_that_is_none():
    with pytest.raises(iomt.Failed) as failed:
        iomt.run(__file__)
    assert failed.value.exit_code == 2 and "error" in failed.value.said
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    packed = subprocess.run([sys.executable, PACK, PROGRAM, out], check=True, capture_output=True, text=True)
    return packed.stdout.strip()


def test_a_stranger_gets_a_verdict(wheel, tmp_path):
    place = tmp_path / "environment"
    venv.create(place, with_pip=True)
    python = place / "bin/python"
    # No index: what the wheel needs it has. pytest is this environment's, the wheel its own.
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-index", wheel], check=True)
    test = tmp_path / "test_ward.py"
    test.write_text(TEST)
    (tmp_path / "ward.toml").write_text(SCENARIO)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTEST_ADDOPTS")}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={tmp_path}/junit.xml", test]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'name="iomt_verdict"' in (tmp_path / "junit.xml").read_text()


def test_the_wheel_is_small_and_complete(wheel):
    with zipfile.ZipFile(wheel) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        record = archive.read(next(name for name in sizes if name.endswith("RECORD"))).decode()
    program = next(name for name in sizes if name.endswith("scripts/iomt"))
    # The build under test is not optimised across crates; `ci/release` holds the one that is given to others to 30 MB.
    assert sizes[program] <= 36_000_000
    assert set(sizes) == {line.split(",")[0] for line in record.splitlines()}

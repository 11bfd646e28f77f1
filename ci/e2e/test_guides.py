"""Guides do what they say: their commands are run as they stand, in one shell."""

import os
import re
import subprocess

from program import PROGRAM, ROOT, environment


def commands(guide):
    """Everything that a guide tells to type."""
    text = (ROOT / "docs" / guide).read_text()
    return "".join(re.findall(r"^```sh\n(.*?)^```", text, flags=re.M | re.S))


def test_the_commands_of_the_broker_guide_work(tmp_path):
    # Whatever they start ends with the shell.
    script = f"set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{commands('guide-broker.md')}"
    path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}{os.pathsep}/usr/sbin"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment(PATH=path), capture_output=True, text=True, timeout=120
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert said.count("exit code 3") == 3, said
    assert len(re.findall(r"^PASS +ward", said, re.M)) == 6, said
    for reason in ("Connection refused", "0x05 (not authorized)", "from an unknown issuer"):
        assert reason in said


def test_the_commands_of_the_guide_to_requests_work(tmp_path):
    script = f"set -euo pipefail\n{commands('guide-requests.md')}"
    path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment(PATH=path), capture_output=True, text=True, timeout=120
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert len(re.findall(r"^PASS +api", said, re.M)) == 3, said
    assert "exit code 3" in said and "connection refused" in said, said
    assert len(list((tmp_path / "stored").iterdir())) > 2


def test_the_commands_of_the_guide_to_clouds_work(tmp_path):
    script = f"set -euo pipefail\n{commands('guide-cloud.md')}"
    path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment(PATH=path), capture_output=True, text=True, timeout=120
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert said.count("toml: ok (") == 4 and "exit code 2" in said, said
    assert "takes QoS up to 1, and not 2" in said, said

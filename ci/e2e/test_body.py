"""Bodies in trouble as they are recorded, judged by what must follow (`ci/judges/body.py`)."""

import subprocess
import sys

from program import ROOT, SCENARIOS, iomt


def test_what_must_follow_follows(tmp_path):
    for name in ("body", "ventilated", "copd_oxygen"):
        done = iomt("record", SCENARIOS / f"{name}.toml", "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    judge = [sys.executable, str(ROOT / "ci/judges/body.py"), str(tmp_path)]
    judged = subprocess.run(judge, capture_output=True, text=True, timeout=300)
    assert judged.returncode == 0, judged.stdout + judged.stderr

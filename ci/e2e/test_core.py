"""The physiology as it is recorded, judged row by row against its published table (`ci/judges/core.py`)."""

import subprocess
import sys

from program import LIBRARY, ROOT, SCENARIOS, iomt


def test_the_core_is_what_its_table_says(tmp_path):
    scenarios = {name: LIBRARY / f"physiology/{name}_responses.toml" for name in ("core", "slow", "drug")}
    scenarios["rest"] = SCENARIOS / "rest_day.toml"
    for name, scenario in scenarios.items():
        done = iomt("record", scenario, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    judge = [sys.executable, str(ROOT / "ci/judges/core.py"), str(tmp_path)]
    judged = subprocess.run(judge, capture_output=True, text=True, timeout=300)
    assert judged.returncode == 0, judged.stdout + judged.stderr

"""A day of people with wristbands and cuffs, judged by spectra and statistics (`ci/judges/wearables.py`)."""

import subprocess
import sys

from program import LIBRARY, ROOT, iomt


def test_a_day_is_what_its_labels_say(tmp_path):
    done = iomt("record", LIBRARY / "physiology/wearables.toml", "--out", tmp_path / "recording")
    assert done.returncode == 0, done.stderr
    judge = [sys.executable, str(ROOT / "ci/judges/wearables.py"), str(tmp_path / "recording")]
    judged = subprocess.run(judge, capture_output=True, text=True, timeout=300)
    assert judged.returncode == 0, judged.stdout + judged.stderr

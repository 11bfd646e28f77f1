"""Every rhythm of the library, judged by detectors and measures of other people (`ci/judges/rhythms.py`)."""

import subprocess
import sys

from program import LIBRARY, ROOT, iomt


def test_rhythms_are_what_their_labels_say(tmp_path):
    done = iomt("record", LIBRARY / "physiology/rhythms.toml", "--out", tmp_path / "recording")
    assert done.returncode == 0, done.stderr
    judge = [sys.executable, str(ROOT / "ci/judges/rhythms.py"), str(tmp_path / "recording")]
    judged = subprocess.run(judge, capture_output=True, text=True, timeout=300)
    assert judged.returncode == 0, judged.stdout + judged.stderr

"""People with diabetes and their devices, judged by published data and figures (`ci/judges/glucose.py`)."""

import subprocess
import sys

from program import LIBRARY, ROOT, iomt


def test_glucose_is_what_was_published(tmp_path):
    folders = []
    for name in ["glucose", "cgm"]:
        folders.append(tmp_path / name)
        done = iomt("record", LIBRARY / f"physiology/{name}.toml", "--out", folders[-1], timeout=300)
        assert done.returncode == 0, done.stderr
    judge = [sys.executable, str(ROOT / "ci/judges/glucose.py"), *map(str, folders)]
    judged = subprocess.run(judge, capture_output=True, text=True, timeout=300)
    assert judged.returncode == 0, judged.stdout + judged.stderr

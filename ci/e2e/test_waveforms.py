"""Pulses, pleth, breathing and pressures of the library's patients, judged by `ci/judges/waveforms.py`."""

import subprocess
import sys

from program import LIBRARY, ROOT, iomt


def test_waveforms_are_what_a_clinician_expects(tmp_path):
    done = iomt("record", LIBRARY / "physiology/waveforms.toml", "--out", tmp_path / "recording")
    assert done.returncode == 0, done.stderr
    judge = [sys.executable, str(ROOT / "ci/judges/waveforms.py"), str(tmp_path / "recording")]
    judged = subprocess.run(judge, capture_output=True, text=True, timeout=300)
    assert judged.returncode == 0, judged.stdout + judged.stderr

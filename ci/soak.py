"""Runs ci/soak.toml and watches the program's memory:

    ci/soak.py [LENGTH]

LENGTH is `1h` unless given. Prints the resident memory every minute. Exit 1 when the run does not pass, or when the
memory at the end exceeds that after a tenth of the run (buffers have their size by then) by more than a tenth and 8 MiB.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ["target/release/iomt", "run", "ci/soak.toml", "--quiet", "--force", "--out", "out/long-soak"]
LOOK_S = 1
PRINT_S = 60
ALLOWED = 1.1
ALLOWED_MIB = 8


def resident_mib(pid):
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(found[0]) / 1024 if found else None


def main():
    length = sys.argv[1] if len(sys.argv) > 1 else "1h"
    child = subprocess.Popen([*COMMAND, "--set", f"length={length}"], cwd=ROOT)
    begin = time.monotonic()
    looks = []
    while child.poll() is None:
        mib = resident_mib(child.pid)
        if mib is not None:
            looks.append(mib)
            if len(looks) % PRINT_S == 1:
                print(f"{(time.monotonic() - begin) / 60:6.1f} min {mib:8.1f} MiB", flush=True)
        time.sleep(LOOK_S)
    early, late = looks[len(looks) // 10], max(looks[-len(looks) // 10 :])
    print(f"memory: {early:.1f} MiB after a tenth of the run, {late:.1f} MiB in its last tenth")
    grown = late > early * ALLOWED + ALLOWED_MIB
    if grown:
        print("the memory grows")
    sys.exit(1 if child.returncode != 0 or grown else 0)


if __name__ == "__main__":
    main()

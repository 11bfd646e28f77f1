"""Running `iomt`, to its end or in the background."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/release/iomt"
SCENARIOS = Path(__file__).resolve().parent / "scenarios"
LIBRARY = ROOT / "scenarios/library"


def environment(**extra):
    """This process's environment without what changes how the program prints."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR")}
    return kept | extra


def iomt(*arguments, cwd=ROOT, timeout=120, **extra):
    """Runs the program to its end and returns the `CompletedProcess`."""
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment(**extra), capture_output=True, text=True, timeout=timeout)


def sets(**values):
    """`--set` arguments."""
    return [word for name, value in values.items() for word in ("--set", f"{name}={value}")]


class Run:
    """`iomt run` in the background, with its reports in `out`."""

    def __init__(self, scenario, out, *arguments, **extra):
        self.out = out
        out.parent.mkdir(parents=True, exist_ok=True)
        self.console = out.with_name(out.name + ".console")
        command = [PROGRAM, "run", scenario, "--out", out, *arguments]
        with self.console.open("w") as console:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                cwd=ROOT,
                env=environment(**extra),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def wait(self, timeout=120):
        """Waits for the end and returns the exit code."""
        return self.process.wait(timeout)

    def said(self):
        """What it printed so far."""
        return self.console.read_text()

    @property
    def report(self):
        """`run.json`, read."""
        return json.loads((self.out / "run.json").read_text())


def wait_until(condition, timeout=10, interval=0.01):
    """Waits for a true answer and returns it."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {timeout} s in vain"
        time.sleep(interval)


def listening_port(pid, timeout=10):
    """The port that a process or one of its children listens on, as soon as there is one."""

    def look():
        listening = {}
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A":
                listening[f"socket:[{words[9]}]"] = int(words[1].split(":")[1], 16)
        family = [pid]
        for task in Path(f"/proc/{pid}/task").iterdir():
            family += map(int, (task / "children").read_text().split())
        for member in family:
            for descriptor in Path(f"/proc/{member}/fd").iterdir():
                try:
                    port = listening.get(os.readlink(descriptor))
                except OSError:
                    continue
                if port:
                    return port
        return None

    def guarded():
        try:
            return look()
        except OSError:
            return None

    return wait_until(guarded, timeout, interval=0.002)

"""Runs `iomt`, the Internet-of-Medical-Things testbed, and gives its verdict to Python.

    import iomt

    report = iomt.run("ward.toml", set={"broker": "mqtt://127.0.0.1:1883"})
    assert report.passed, report

The program is part of this package: nothing has to be compiled. In pytest the fixture `iomt_run` does the same with a
folder of the test's own for the reports.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Sequence

__all__ = ["Failed", "Report", "program", "run"]

#: Exit codes that come with a verdict and with reports: pass, expectation failed, inconclusive, a report could not be
#: written, interrupted.
VERDICT_CODES = (0, 1, 4, 6, 130)


class Failed(Exception):
    """The program could not do what was asked; the message is what it said."""

    def __init__(self, exit_code: int, said: str):
        super().__init__(f"iomt ended with exit code {exit_code}:\n{said}")
        self.exit_code = exit_code
        self.said = said


def program() -> Path:
    """The program of this installation."""
    name = "iomt.exe" if os.name == "nt" else "iomt"
    installed = Path(sysconfig.get_path("scripts")) / name
    found = installed if installed.is_file() else shutil.which(name)
    if not found:
        raise FileNotFoundError(f"{name} is neither at {installed} nor in PATH")
    return Path(found)


@dataclass(frozen=True)
class Report:
    """The verdict of a run. `json` is the whole of `run.json`."""

    json: Mapping[str, Any]
    folder: Path
    said: str

    @property
    def verdict(self) -> str:
        """`pass`, `fail` or `inconclusive`."""
        return self.json["verdict"]

    @property
    def passed(self) -> bool:
        """Whether the verdict is `pass`; an inconclusive run proves nothing."""
        return self.verdict == "pass"

    @property
    def exit_code(self) -> int:
        """What the program ended with."""
        return self.json["exit_code"]

    @property
    def reasons(self) -> Sequence[str]:
        """Why the run is what it is, gravest first."""
        return self.json["reasons"]

    @property
    def expectations(self) -> Mapping[str, Mapping[str, Any]]:
        """Every expectation by its id."""
        return {expect["id"]: expect for expect in self.json["expect"]}

    @property
    def html(self) -> Path:
        """The page for people."""
        return self.folder / "report.html"

    @property
    def junit(self) -> Path:
        """The same for a CI system."""
        return self.folder / "junit.xml"

    def check(self) -> Report:
        """Itself, when the verdict is `pass`.

        Raises `AssertionError` with the reasons otherwise.
        """
        if not self.passed:
            raise AssertionError(str(self))
        return self

    def __str__(self) -> str:
        return "\n".join([f"{self.verdict}: {self.json['scenario']}, reports in {self.folder}", *self.reasons])


def run(
    scenario: str | os.PathLike[str],
    *,
    set: Mapping[str, Any] | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    arguments: Sequence[str] = (),
    timeout: float | None = None,
) -> Report:
    """Runs a scenario to its end. `set` gives values to its variables, `arguments` are further ones of `iomt run`.

    Raises `Failed` when there is no verdict: the scenario is invalid, or a target cannot be reached.
    """
    folder = Path(out) if out is not None else Path(tempfile.mkdtemp(prefix="iomt-"))
    command = [str(program()), "run", os.fspath(scenario), "--out", str(folder), "--force"]
    for name, value in (set or {}).items():
        command += ["--set", f"{name}={value}"]
    if seed is not None:
        command += ["--seed", str(seed)]
    done = subprocess.run(
        [*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
    )
    report = folder / "run.json"
    if done.returncode not in VERDICT_CODES or not report.is_file():
        raise Failed(done.returncode, done.stderr + done.stdout)
    return Report(json.loads(report.read_text(encoding="utf-8")), folder, done.stdout)

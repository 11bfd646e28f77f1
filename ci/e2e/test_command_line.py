"""What a shell and a CI job see: exit codes, interruption, folders, colour, completions."""

import json
import os
import pty
import re
import signal
import subprocess
import xml.etree.ElementTree as xml

import pytest

from brokers import Subscriber
from program import LIBRARY, PROGRAM, SCENARIOS, Run, environment, iomt, sets, wait_until

COUNTS = SCENARIOS / "counts.toml"
SINUS = SCENARIOS / "sinus.toml"
ESCAPE = "\x1b["


def test_an_interrupted_run_reports_what_it_has(mosquitto, tmp_path):
    with (
        Subscriber(mosquitto.port) as subscriber,
        Run(LIBRARY / "icu-ward.toml", tmp_path / "out", *sets(broker=mosquitto.url)) as run,
    ):
        wait_until(lambda: len(subscriber.seen) > 500, timeout=20)
        run.interrupt()
        code = run.wait(20)
    assert code == 130, run.said()
    report = run.report
    assert (report["exit_code"], report["partial"]) == (130, True)
    assert 0 < report["window"]["reached_s"] < 30 < report["window"]["length_s"]
    assert report["generated"] == sum(report[name] for name in ("delivered", "lost", "dropped_declared", "pending"))
    assert report["delivered"] == len(subscriber.keys()) > 500
    assert {path.name for path in run.out.iterdir()} >= {"run.json", "junit.xml", "report.html"}


def test_reports_are_not_overwritten(tmp_path):
    out = tmp_path / "out"
    assert iomt("run", SINUS, "--out", out, "--quiet").returncode == 0
    first = (out / "run.json").read_bytes()
    again = iomt("run", SINUS, "--out", out, "--quiet", "--seed", "2")
    assert again.returncode == 0
    assert (out / "run.json").read_bytes() == first
    # The report says where it went instead.
    assert str(tmp_path / "out-2") in again.stdout
    assert json.loads((tmp_path / "out-2/run.json").read_text())["seed"] == 2
    assert iomt("run", SINUS, "--out", out, "--quiet", "--seed", "3", "--force").returncode == 0
    assert json.loads((out / "run.json").read_text())["seed"] == 3


def at_a_terminal(*arguments, **extra):
    """What the program prints when its output is a terminal."""
    terminal, inside = pty.openpty()
    child = subprocess.Popen(
        [PROGRAM, *map(str, arguments)], env=environment(TERM="xterm-256color", **extra), stdin=inside, stdout=inside, stderr=inside
    )
    os.close(inside)
    said = b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        said += chunk
    os.close(terminal)
    return child.wait(60), said.decode()


@pytest.mark.parametrize("arguments", [["run", SINUS, "--quiet"], ["check", "no-such-file.toml"], ["--help"], ["record", SINUS, "--length", "x"]])
def test_no_color_means_no_color(arguments, tmp_path):
    if arguments[0] in ("run", "record"):
        arguments = [*arguments, "--out", tmp_path / "plain"]
    _, plain = at_a_terminal(*arguments, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*m", plain), plain


def test_a_terminal_gets_color_and_a_pipe_does_not(tmp_path):
    _, said = at_a_terminal("run", SINUS, "--quiet", "--out", tmp_path / "colour")
    assert ESCAPE in said
    assert ESCAPE not in iomt("run", SINUS, "--quiet", "--out", tmp_path / "pipe").stdout


def test_completions_parse_and_complete(tmp_path):
    script = tmp_path / "completions"
    done = iomt("completions", "bash")
    assert done.returncode == 0
    script.write_text(done.stdout)
    subprocess.run(["bash", "-n", script], check=True)
    query = f"source {script}; COMP_WORDS=(iomt fi); COMP_CWORD=1; _iomt iomt fi iomt; echo ${{COMPREPLY[@]}}"
    completed = subprocess.run(["bash", "-c", query], capture_output=True, text=True, check=True).stdout
    assert completed.split() == ["fingerprint"]


@pytest.mark.parametrize(
    "expectation, code, verdict",
    [
        ('that = "delivered.ratio == 100%"', 0, "pass"),
        ('that = "delivered <= 10"', 1, "fail"),
        ('min_samples = 1000000\nthat = "delivered.ratio == 100%"', 4, "inconclusive"),
    ],
)
def test_verdicts_have_exit_codes(expectation, code, verdict, tmp_path):
    scenario = tmp_path / "scenario.toml"
    text = COUNTS.read_text().replace('mode   = "real"', 'mode   = "virtual"')
    scenario.write_text(text.replace('that = "delivered.ratio == 100%"', expectation))
    done = iomt("run", scenario, "--out", tmp_path / "out")
    assert done.returncode == code, done.stdout + done.stderr
    report = json.loads((tmp_path / "out/run.json").read_text())
    assert (report["verdict"], report["exit_code"]) == (verdict, code)
    cases = list(xml.parse(tmp_path / "out/junit.xml").iter("testcase"))
    assert cases and any(len(case) for case in cases) == (verdict != "pass")


def test_invalid_arguments_are_code_two(tmp_path):
    for arguments in (["dance"], ["run"], ["run", COUNTS, "--partition", "5/4"], ["run", COUNTS, "--set", "qos"],
                      ["run", tmp_path / "none.toml"], ["fingerprint", COUNTS, "--tick", "150ms"],
                      ["fingerprint", COUNTS, "--length", "soon"], ["run", COUNTS, "--set", "no_such=1"]):
        done = iomt(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert done.stderr.strip(), arguments


def test_a_closed_pipe_is_no_error():
    done = subprocess.run(["bash", "-o", "pipefail", "-c", f"'{PROGRAM}' reference | head -1"], capture_output=True, text=True)
    assert "panicked" not in done.stderr
    assert done.returncode in (0, 128 + signal.SIGPIPE)


def test_quiet_prints_no_progress(tmp_path):
    done = iomt("run", COUNTS, "--quiet", "--out", tmp_path / "out")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "PASS" in done.stdout


PUMP = """
format   = 1
scenario = "pump"
[vars]
length = "30s"
[time]
mode   = "virtual"
length = "${length}"
[target.broker]
url = "embedded"
[link.lan]
to    = "broker"
topic = "${device}/${stream}"
[[cohort]]
id      = "icu"
count   = 1
patient = { model = "adult_ward" }
  [[cohort.device]]
  id   = "pump"
  kind = "infusion_pump"
  link = "lan"
[[step]]
id   = "start"
at   = "10s"
on   = "icu/1/pump"
do   = "cmd.send"
with = { op = "set_rate", args = { rate_ml_h = 5 } }
[[expect]]
id   = "applied"
that = "commands.applied == 100%"
"""


@pytest.mark.parametrize("arguments, given", [("{ }", 0), ("{ rate_ml_h = 5, dose_ug_min = 4 }", 2)])
def test_one_of_several_arguments_must_be_given(arguments, given, tmp_path):
    file = tmp_path / "pump.toml"
    file.write_text(PUMP.replace("{ rate_ml_h = 5 }", arguments))
    done = iomt("check", file)
    assert done.returncode == 2
    assert f"command `set_rate` of `infusion_pump` takes exactly one of `rate_ml_h`, `dose_" in done.stderr
    assert f"not {given} of them" in done.stderr


def test_a_target_that_nothing_uses_is_told(tmp_path):
    file = tmp_path / "pump.toml"
    file.write_text(PUMP + '[target.spare]\nurl = "mqtt://127.0.0.1:1"\n')
    done = iomt("check", file)
    assert done.returncode == 0
    assert "warning: nothing uses target `spare`: no link leads to it, and no probe looks at it" in done.stderr
    file.write_text(PUMP)
    assert "nothing uses" not in iomt("check", file).stderr


def test_a_variable_of_the_command_line_may_come_from_the_environment(tmp_path):
    file = tmp_path / "pump.toml"
    file.write_text(PUMP)
    planned = iomt("plan", file, "--json", "--set", "length=${env:IOMT_LENGTH}", IOMT_LENGTH="45s")
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["time"]["length_s"] == 45
    missing = iomt("plan", file, "--set", "length=${env:IOMT_NO_LENGTH}")
    assert missing.returncode == 2
    assert "--set length:1:1: error: the environment has no variable `IOMT_NO_LENGTH`" in missing.stderr
    assert "mistake of this program" not in missing.stderr


def test_a_scenario_may_come_from_standard_input(tmp_path):
    command = [PROGRAM, "run", "-", "--quiet", "--out", tmp_path / "out"]
    done = subprocess.run(command, input=PUMP, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    broken = subprocess.run([PROGRAM, "check", "-"], input=PUMP.replace("30s", "30x"), capture_output=True, text=True, timeout=60)
    assert broken.returncode == 2 and "-:8:11: error: `x` is not a unit" in broken.stderr


@pytest.mark.parametrize(
    "command, word, meant",
    [
        ("actions", "net.ctu", "net.cut"),
        ("devices", "pulse_oxymeter", "pulse_oximeter"),
        ("metrics", "spo22", "spo2"),
        ("patients", "adult_wrad", "adult_ward"),
        ("schema", "vendor_json", "vendor-json"),
    ],
)
def test_lists_know_what_was_meant(command, word, meant):
    done = iomt(command, word)
    assert done.returncode == 2 and f"did you mean `{meant}`?" in done.stderr

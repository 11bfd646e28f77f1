"""A secret of its own is planted in every place where one can stand, and every output is searched for all of them."""

import re
import subprocess

import pytest

from certificates import Authority, listener
from program import Run, iomt

SCENARIO = """
format   = 1
scenario = "secrets"
[vars]
device_part = ""
from_environment = "${{env:IOMT_PLANTED_LINK}}"
length = "3s"
[time]
length = "${{length}}"
drain  = "5s"
[target.broker]
url  = "{url}"
with = {{ ca = "ca/ca.pem", issuer = "ca/ca.pem", issuer_key = "ca/ca.key" }}
auth = {{ user = "watcher", password = "${{env:IOMT_PLANTED_TARGET}}" }}
[link.own]
to    = "broker"
topic = "icu/${{device.serial}}/${{stream}}"
auth  = {{ user = "${{device.serial}}", password = "planted-${{device_part}}-${{device.serial}}" }}
[link.shared]
to    = "broker"
topic = "ward/${{device.serial}}/${{stream}}"
auth  = {{ user = "nurse", password = "${{from_environment}}" }}
[link.literal]
to    = "broker"
topic = "home/${{device.serial}}/${{stream}}"
auth  = {{ user = "planted-literal", password = "planted-literal" }}
[[cohort]]
id      = "icu"
count   = 2
patient = {{ model = "adult_ward" }}
  [[cohort.device]]
  id   = "own"
  kind = "pulse_oximeter"
  link = "own"
  [[cohort.device]]
  id   = "shared"
  kind = "pulse_oximeter"
  link = "shared"
  [[cohort.device]]
  id   = "literal"
  kind = "pulse_oximeter"
  link = "literal"
[[step]]
id   = "cut"
at   = "1s"
on   = "icu/1/own"
do   = "net.cut"
for  = "500ms"
[[expect]]
id   = "everything arrives"
that = "delivered.ratio == 100%"
{more}
"""
ENVIRONMENT = {"IOMT_PLANTED_LINK": "planted-in-environment-1", "IOMT_PLANTED_TARGET": "planted-in-environment-2"}
SETS = ["--set", "device_part=planted-by-set"]


@pytest.fixture
def place(start_mosquitto, tmp_path):
    """A broker with TLS, names and passwords; and a writer of the scenario."""
    authority = Authority(tmp_path / "ca")
    passwords = tmp_path / "passwords"
    names = {f"icu-{number:04}-own": f"planted-planted-by-set-icu-{number:04}-own" for number in (1, 2)}
    names |= {"nurse": "planted-in-environment-1", "watcher": "planted-in-environment-2", "planted-literal": "planted-literal"}
    passwords.write_text("".join(f"{name}:{password}\n" for name, password in names.items()))
    subprocess.run(["mosquitto_passwd", "-U", passwords], check=True, timeout=30)
    lines = listener(authority.issue("broker"), f"cafile {authority.certificate}", "require_certificate true")
    broker = start_mosquitto(*lines, "allow_anonymous false", f"password_file {passwords}")

    def write(url=broker.url, more=""):
        file = tmp_path / "secrets.toml"
        file.write_text(SCENARIO.format(url=url, more=more))
        return file

    write.key = authority.key.read_text().splitlines()[1]
    write.folder = tmp_path
    return write


def leaks(texts, key):
    """Where a planted secret stands: its surroundings, for the message of a failure."""
    found = [text[max(0, at.start() - 60) : at.end() + 20] for text in texts for at in re.finditer("planted", text)]
    return found + ["private key" for text in texts if key in text]


def asked(*arguments, code=None, **environment):
    done = iomt(*arguments, **(ENVIRONMENT | environment))
    assert code is None or done.returncode == code, done.stderr
    return [done.stdout, done.stderr]


def test_no_output_of_a_run_tells_a_secret(place):
    file = place()
    with Run(file, place.folder / "out", *SETS, "--truth", place.folder / "truth", **ENVIRONMENT) as run:
        assert run.wait(60) == 0, run.said()
    texts = [run.said()]
    for folder in (run.out, place.folder / "truth"):
        texts += [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
    assert any("--set device_part=(not shown)" in text for text in texts)
    for command in (["check", file], ["check", "--connect", file], ["plan", file], ["plan", "--json", file], ["fingerprint", file]):
        texts += asked(*command, *SETS, code=0)
    texts += asked("record", file, *SETS, "--out", place.folder / "recording", code=0)
    texts += [path.read_text(errors="replace") for path in (place.folder / "recording").rglob("*") if path.is_file()]
    assert len(texts) > 25 and any("watcher" in text for text in texts)
    assert not leaks(texts, place.key)


# Mistakes whose message might quote what stands near them.
MISTAKES = {
    "a password in the address": (lambda place: place("mqtts://nurse:planted-in-url@127.0.0.1:1"), []),
    "of a wrong kind": (lambda place: place(more='[link.bad]\nto = "broker"\ntopic = "t"\nauth = { user = "u", password = ["planted"] }'), []),
    "without an end": (lambda place: place(more='[link.bad]\nauth = { user = "u", password = "planted-open }'), []),
    "with an unknown variable": (lambda place: place(more='[link.bad]\nto = "broker"\ntopic = "t"\nauth = { user = "u", password = "planted-${nothing}" }'), []),
    "as a misspelt key": (lambda place: place(more='[link.bad]\nto = "broker"\ntopic = "t"\nauth = { user = "u", pasword = "planted-key" }'), []),
    "for a length": (lambda place: place(), ["--set", "length=planted-by-set"]),
    "as an action": (lambda place: place(more='[[step]]\nid = "x"\nat = "1s"\non = "icu/1/own"\ndo = "${device_part}"'), []),
    "as a device": (lambda place: place(more='[[step]]\nid = "x"\nat = "1s"\non = "${device_part}"\ndo = "net.cut"\nfor = "1s"'), []),
    "as an expectation": (lambda place: place(more='[[expect]]\nid = "x"\nthat = "${from_environment} == 0"'), []),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_no_message_about_a_mistake_tells_a_secret(place, mistake):
    make, sets = MISTAKES[mistake]
    file = make(place)
    texts = []
    for command in (["check"], ["plan"], ["plan", "--json"], ["run", "--out", place.folder / "out"]):
        texts += asked(command[0], file, *command[1:], *SETS, *sets)
    assert any("error" in text for text in texts), texts
    assert not leaks(texts, place.key)


def test_no_refusal_tells_a_secret(place):
    file = place()
    wrong = {"IOMT_PLANTED_TARGET": "planted-wrong"}
    texts = asked("run", file, *SETS, "--out", place.folder / "out", code=3, **wrong)
    texts += asked("check", "--connect", file, *SETS, code=3, **wrong)
    texts += asked("run", place("mqtts://127.0.0.1:1"), *SETS, "--out", place.folder / "out", code=3)
    assert not leaks(texts, place.key)

"""Devices out of a list: names, passwords and certificates of their own at a Mosquitto that looks at all of them."""

import re
import subprocess

import pytest

from certificates import Authority, listener
from program import SCENARIOS, Run, iomt

SECURED = (SCENARIOS / "secured.toml").read_text()
WITH = 'ca = "ca/ca.pem", issuer = "ca/ca.pem", issuer_key = "ca/ca.key"'


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def listed(tmp_path):
    """Writes a list and the scenario that reads it."""

    def write(url, rows):
        header = "serial,kind,patient_id,mrn,user,password,cert,key,ward"
        (tmp_path / "devices.csv").write_text("\n".join([header, *rows]) + "\n")
        text = SECURED.replace('"mosquitto"', f'"{url}"', 1)
        auth = 'auth = { user = "watcher", password = "planted-watcher" }'
        text = text.replace("with = {}", f"with = {{ {WITH} }}\n{auth}")
        text = re.sub(r"^count +=.*$", 'inventory = "devices.csv"', text, flags=re.M)
        path = tmp_path / "listed.toml"
        path.write_text(text)
        return path

    return write


def rows(authority):
    """Two devices with certificates of their own, and one that gets its certificate from the issuer."""
    own = [authority.issue(f"cert-{number}") for number in (1, 2)]
    names = [tuple(path.relative_to(authority.folder.parent) for path in pair) for pair in own]
    first, second = (f"PX-{n},pulse_oximeter,p-1{n},M-{n},clinic-{n},planted-{n},{c},{k},icu" for n, (c, k) in enumerate(names, 1))
    return [first, second, "PX-3,pulse_oximeter,p-13,,clinic-3,planted-3,,,icu"]


@pytest.fixture
def broker(start_mosquitto, authority, tmp_path):
    passwords = tmp_path / "passwords"
    lines = [f"clinic-{number}:planted-{number}" for number in (1, 2, 3)] + ["watcher:planted-watcher"]
    passwords.write_text("\n".join(lines) + "\n")
    subprocess.run(["mosquitto_passwd", "-U", passwords], check=True, timeout=30)
    mutual = [f"cafile {authority.certificate}", "require_certificate true"]
    options = ["allow_anonymous false", f"password_file {passwords}", "log_type all"]
    return start_mosquitto(*listener(authority.issue("broker"), *mutual), *options)


def test_each_device_logs_in_as_its_row_says(broker, authority, listed, tmp_path):
    path = listed(broker.url, rows(authority))
    with Run(path, tmp_path / "out") as running:
        assert running.wait(60) == 0, running.said()
    users = re.findall(r"as iomt-PX-(\d) \(.*u'clinic-(\d)'", broker.log)
    assert sorted(users) == [("1", "1"), ("2", "2"), ("3", "3")]
    assert running.report["connections"]["made"] == 3
    outputs = [file.read_text(errors="replace") for file in running.out.rglob("*") if file.is_file()]
    for command in (["check"], ["plan"], ["plan", "--json"], ["fingerprint"]):
        done = iomt(command[0], path, *command[1:])
        assert done.returncode == 0, done.stderr
        outputs += [done.stdout, done.stderr]
    assert not any("planted" in text for text in [*outputs, running.said()])
    assert any("M-1" in text for text in outputs)


def test_what_is_wrong_with_a_row_is_told_before_anything_is_sent(broker, authority, listed, tmp_path):
    good = rows(authority)
    certificate, key = good[0].split(",")[6:8]
    other = good[1].split(",")[7]
    path = listed(broker.url, [good[0].replace(key, other), good[2].replace("planted-3", "planted-wrong")])
    asked = iomt("run", path, "--out", tmp_path / "out")
    assert asked.returncode == 2
    assert f"{other} cannot be used: it is not the key of {tmp_path / certificate}" in asked.stderr
    path = listed(broker.url, [good[2].replace("planted-3", "planted-wrong")])
    asked = iomt("check", "--connect", path)
    assert asked.returncode == 3
    assert "refused device `icu/1/oxi` over link `wifi`: broker said 0x05 (not authorized)" in asked.stderr
    path = listed(broker.url, [*good[:2], good[2].replace("planted-3", "planted-wrong")])
    asked = iomt("check", "--connect", path)
    assert "ok      device `icu/1/oxi` and 1 more over link `wifi`: may connect" in asked.stderr
    assert "refused device `icu/3/oxi` over link `wifi`: broker said 0x05 (not authorized)" in asked.stderr
    path = listed(broker.url, [good[0], good[0].replace("pulse_oximeter", "puls_oximeter"), good[1].replace(other, "gone.key")])
    asked = iomt("check", path)
    assert asked.returncode == 2
    told = [line.split("devices.csv:")[1] for line in asked.stderr.splitlines() if "devices.csv:" in line]
    assert [line.split(" ")[0] for line in told] == ["3:1:", "3:6:", f"4:{good[1].index(other) + 1}:"], asked.stderr
    assert "planted" not in asked.stderr


@pytest.fixture
def known_by_certificate(start_mosquitto, authority, tmp_path):
    """A broker to which a device's name is that of its certificate, and where each may write what is its own."""
    acl = tmp_path / "acl"
    acl.write_text("pattern write icu/%u/#\nuser watcher\ntopic read #\n")
    mutual = [f"cafile {authority.certificate}", "require_certificate true", "use_identity_as_username true"]
    return start_mosquitto(*listener(authority.issue("broker"), *mutual), f"acl_file {acl}")


def test_each_device_that_is_refused_is_named_with_its_reason(known_by_certificate, authority, listed, tmp_path):
    foreign = Authority(tmp_path / "foreign")
    identities = {
        "good": authority.issue("PX-1"),
        "expired": authority.issue("PX-2", end="20200201000000Z"),
        "not yet valid": authority.issue("PX-3", begin="20980101000000Z"),
        "of a foreign authority": foreign.issue("PX-4"),
        "of another name": authority.issue("PX-99"),
    }
    rows = []
    for number, pair in enumerate(identities.values(), 1):
        certificate, key = (path.relative_to(tmp_path) for path in pair)
        rows.append(f"PX-{number},pulse_oximeter,p-{number},,,,{certificate},{key},icu")
    rows.append("PX-6,pulse_oximeter,p-6,,,,,,icu")
    path = listed(known_by_certificate.url, rows)
    # Nobody issues certificates to those who have none.
    watcher = [path.relative_to(tmp_path) for path in authority.issue("watcher")]
    with_ = f'ca = "ca/ca.pem", watcher_cert = "{watcher[0]}", watcher_key = "{watcher[1]}"'
    path.write_text(re.sub(r"^protocol +=.*$", 'protocol = "5"', path.read_text().replace(WITH, with_), flags=re.M))
    refused = {
        "icu/2/oxi": "TLS: the broker said CertificateExpired (45): the client's certificate has expired",
        "icu/3/oxi": "TLS: the broker said BadCertificate (42): it does not take the client's certificate",
        "icu/4/oxi": "TLS: the broker said UnknownCA (48): it does not know who issued the client's certificate",
        "icu/6/oxi": "TLS: the broker said CertificateRequired (116): it wants a certificate of the client",
    }
    asked = iomt("check", "--connect", path)
    assert asked.returncode == 3
    told = [f"  refused device `{device}` over link `wifi`: {reason}" for device, reason in refused.items()]
    # Whether the fifth may write as another is not known before it does.
    assert asked.stderr.splitlines()[1:] == [
        "  ok      device `icu/1/oxi` and 1 more over link `wifi`: may connect",
        *told,
        "  ok      probe `wire`: may connect and subscribe to `icu/+/+`",
    ]
    with Run(path, tmp_path / "out") as running:
        assert running.wait(60) != 0, running.said()
    connections = running.report["connections"]
    assert set(connections["failed"]) == set(refused.values())
    refused["icu/5/oxi"] = "message: 0x87 (not authorized)"
    assert connections["refused"].keys() == {refused["icu/5/oxi"]}
    page = (running.out / "report.html").read_text()
    for device, reason in refused.items():
        assert connections["whom"][reason] == [device]
        assert f"{reason} ({device})" in running.said() and f"({device})" in page, device

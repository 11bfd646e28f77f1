"""TLS, certificates, names and passwords: what gets through, and what is said of whatever does not."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from brokers import Subscriber, free_port
from certificates import Authority, listener
from program import SCENARIOS, Run, iomt, sets

SECURED = (SCENARIOS / "secured.toml").read_text()
DEVICES = 20


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


@pytest.fixture
def scenario(tmp_path):
    """Writes the scenario with parameters of the target and of the link, beside the certificates."""

    def write(url, with_="", link="", target="", **values):
        text = SECURED.replace('"mosquitto"', f'"{url}"', 1).replace("with = {}", f"with = {{ {with_} }}\n{target}")
        for name, value in values.items():
            text = re.sub(rf"^{name} +=.*$", f'{name} = "{value}"', text, flags=re.M)
        text = text.replace("[link.wifi]\n", f"[link.wifi]\n{link}\n")
        path = tmp_path / "secured.toml"
        path.write_text(text)
        return path

    return write


def run(path, tmp_path, *arguments, **extra):
    with Run(path, tmp_path / "out", *arguments, **extra) as running:
        return running.wait(60), running


def checked(path):
    """Exit code of `iomt check --connect`, and what it says of the target."""
    done = iomt("check", "--connect", path)
    return done.returncode, re.sub(r"\d+(?=\n)|:\d{4,5}", "", done.stderr)


@pytest.mark.parametrize("broker", ["embedded", "mosquitto"])
@pytest.mark.parametrize("certificates", ["false", "true"])
def test_brokers_of_the_run_speak_tls(scenario, tmp_path, broker, certificates):
    path = scenario(broker, f"tls = true, client_certificates = {certificates}")
    code, done = run(path, tmp_path)
    assert code == 0, done.said()
    assert done.report["connections"]["made"] == DEVICES
    assert "on mqtts://127.0.0.1:" in done.report["targets"][0]["identity"]
    # What others need to trust the broker is public; private keys are nowhere.
    written = {path.name: path.read_text() for path in done.out.iterdir()}
    assert written["broker.ca.pem"].startswith("-----BEGIN CERTIFICATE-----")
    assert not any("PRIVATE KEY" in text for text in written.values())


def test_the_users_broker_is_trusted_by_its_ca(start_mosquitto, authority, scenario, tmp_path):
    plain = free_port()
    broker = start_mosquitto(*listener(authority.issue("broker"), f"listener {plain} 127.0.0.1"))
    path = scenario(broker.url, 'ca = "ca/ca.pem"')
    with Subscriber(plain) as independent:
        code, done = run(path, tmp_path)
        independent.settle()
        assert code == 0, done.said()
        assert len(independent.keys()) == done.report["generated"] > DEVICES
    assert done.report["targets"][0]["identity"] == "TLS"
    assert checked(path)[0] == 0


def test_a_certificate_that_nobody_looks_at_is_told(start_mosquitto, authority, scenario, tmp_path):
    broker = start_mosquitto(*listener(authority.issue("broker", "DNS:elsewhere")))
    code, done = run(scenario(broker.url, "verify = false"), tmp_path)
    assert code == 0, done.said()
    assert "NOT verified" in done.report["targets"][0]["identity"]
    assert "NOT verified" in (done.out / "report.html").read_text()
    assert "NOT verified" in done.said()


REFUSED = {
    "foreign": "TLS: the certificate is from an unknown issuer (name its CA as `ca`)",
    "expired": "TLS: the certificate has expired",
    "future": "TLS: the certificate is not valid yet",
    "name": "TLS: the certificate is for `elsewhere`, and must be for `127.0.0.1` "
    "(`server_name` says which name it must be for)",
    "missing": "TLS: the broker said CertificateRequired (116): it wants a certificate of the client",
    "plain": "TLS: the connection ended within the handshake; the other side may not speak TLS",
    "secured": "closed by the other side; the broker speaks TLS there: write `mqtts://`",
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_wrong_with_certificates_is_named(start_mosquitto, authority, scenario, tmp_path, fault):
    own = authority.issue("broker")
    demands = [f"cafile {authority.certificate}", "require_certificate true"]
    lines = {
        "foreign": lambda: listener(Authority(tmp_path / "foreign").issue("broker")),
        "expired": lambda: listener(authority.issue("old", end="20200201000000Z")),
        "future": lambda: listener(authority.issue("new", begin="20980101000000Z")),
        "name": lambda: listener(authority.issue("other", "DNS:elsewhere")),
        "missing": lambda: listener(own, *demands),
        "plain": list,
        "secured": lambda: listener(own),
    }[fault]()
    broker = start_mosquitto(*lines)
    url = {"plain": broker.url.replace("mqtt:", "mqtts:"), "secured": broker.url.replace("mqtts:", "mqtt:")}
    path = scenario(url.get(fault, broker.url), "" if fault == "secured" else 'ca = "ca/ca.pem"')
    code, said = checked(path)
    assert code == 3
    # A broker that hangs up on what it cannot read may do so in two ways.
    said = said.replace("connection reset", "closed by the other side")
    refused = [line for line in said.splitlines() if "refused" in line]
    assert refused == [
        f"  refused device `icu/1/oxi` over link `wifi`: {REFUSED[fault]}",
        f"  refused probe `wire`: {REFUSED[fault]}",
    ]
    done = iomt("run", path, "--out", tmp_path / "out")
    assert done.returncode == 3
    reason = REFUSED[fault].partition("; the broker speaks")[0]
    assert reason in done.stderr.replace("connection reset", "closed by the other side")


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_each_device_is_known_by_its_certificate(start_mosquitto, authority, scenario, tmp_path, protocol):
    acl = tmp_path / "acl"
    # The name out of the certificate is the only one there is.
    acl.write_text("pattern write icu/%u/#\nuser iomt\ntopic read #\n")
    mutual = [f"cafile {authority.certificate}", "require_certificate true", "use_identity_as_username true"]
    broker = start_mosquitto(*listener(authority.issue("broker"), *mutual), f"acl_file {acl}", "log_type all")
    path = scenario(
        broker.url, 'ca = "ca/ca.pem", issuer = "ca/ca.pem", issuer_key = "ca/ca.key"', protocol=protocol
    )
    code, done = run(path, tmp_path)
    assert code == 0, done.said()
    names = set(re.findall(r"u'(icu-\d{4}-oxi|iomt)'", broker.log))
    assert names == {f"icu-{number:04}-oxi" for number in range(1, DEVICES + 1)} | {"iomt"}
    # The probe speaks the protocol of the links.
    probe = re.search(r"as iomt-probe-wire-[\w-]+ \(p(\d)", broker.log)
    assert probe.group(1) == {"3.1.1": "2", "5": "5"}[protocol]
    key = authority.key.read_text().splitlines()[1]
    assert not any(key in file.read_text() for file in done.out.iterdir())


@pytest.fixture
def guarded(start_mosquitto, tmp_path):
    """A broker where each device and the probe have a name and a password, and may do what is theirs."""
    passwords, acl = tmp_path / "passwords", tmp_path / "acl"
    names = [f"icu-{number:04}-oxi" for number in range(1, DEVICES + 1)]
    passwords.write_text("".join(f"{name}:planted-{name}\n" for name in names) + "watcher:planted-secret\n")
    subprocess.run(["mosquitto_passwd", "-U", passwords], check=True, timeout=30)
    acl.write_text("pattern write icu/%u/#\nuser watcher\ntopic read icu/#\n")
    return start_mosquitto("allow_anonymous false", f"password_file {passwords}", f"acl_file {acl}", "log_type all")


OWN = 'auth = { user = "${device.serial}", password = "planted-${device.serial}" }'
WATCHER = 'auth = { user = "watcher", password = "${env:WATCHER}" }'


def test_each_device_has_a_name_and_a_password_that_nobody_tells(guarded, scenario, tmp_path):
    path = scenario(guarded.url, link=OWN, target=WATCHER)
    environment = {"WATCHER": "planted-secret"}
    code, done = run(path, tmp_path, **environment)
    assert code == 0, done.said()
    outputs = [file.read_text() for file in done.out.iterdir()] + [done.said()]
    assert {"run.json", "report.html", "junit.xml"} <= {file.name for file in done.out.iterdir()}
    for command in (["check", path], ["check", "--connect", path], ["plan", path], ["plan", "--json", path]):
        asked = iomt(*command, **environment)
        assert asked.returncode == 0, asked.stderr
        outputs += [asked.stdout, asked.stderr]
    assert any("watcher" in text for text in outputs)
    assert not any("planted" in text for text in outputs)


def test_a_password_on_the_command_line_is_not_repeated(mosquitto, scenario, tmp_path):
    path = scenario(mosquitto.url, link='auth = { user = "nurse", password = "${secret}" }')
    path.write_text(path.read_text().replace("[vars]\n", '[vars]\nsecret = ""\n'))
    code, done = run(path, tmp_path, "--set", "secret=planted", "--set", "protocol=5")
    assert code == 0, done.said()
    outputs = [file.read_text() for file in done.out.iterdir()] + [done.said()]
    assert any("--set secret=(not shown) --set protocol=5" in text for text in outputs)
    assert not any("planted" in text for text in outputs)


def test_a_wrong_password_is_named_and_not_tried_for_ever(guarded, scenario, tmp_path):
    path = scenario(guarded.url, link=OWN, target=WATCHER)
    done = iomt("run", path, "--out", tmp_path / "out", WATCHER="planted-wrong")
    assert done.returncode == 3
    assert "target `broker`: broker said 0x05 (not authorized)" in done.stderr
    assert "planted" not in done.stdout + done.stderr
    assert guarded.log.count("as iomt-probe") + guarded.log.count("not authorised") <= 3
    asked = iomt("check", "--connect", path, WATCHER="planted-wrong")
    assert asked.returncode == 3
    assert asked.stderr.splitlines() == [
        f"target `broker` at {guarded.url}",
        f"  ok      device `icu/1/oxi` and {DEVICES - 1} more over link `wifi`: may connect",
        "  refused probe `wire`: broker said 0x05 (not authorized)",
    ]


def test_what_a_broker_refuses_over_a_connection_that_stands_is_counted(guarded, scenario, tmp_path):
    # Devices write where only others may, and MQTT 5 tells them.
    path = scenario(guarded.url, link=OWN, target=WATCHER, topic="icu/shared/${device.serial}/${stream}", protocol="5")
    code, done = run(path, tmp_path, WATCHER="planted-secret")
    assert code != 0, done.said()
    refused = done.report["connections"]["refused"]
    assert refused == {"message: 0x87 (not authorized)": done.report["generated"]}
    assert "message: 0x87 (not authorized)" in done.said()
    assert "message: 0x87 (not authorized)" in (done.out / "report.html").read_text()


def test_rules_of_links_act_over_tls(tmp_path):
    out = tmp_path / "out"
    done = iomt("run", SCENARIOS / "cuts.toml", "--out", out, *sets(broker="mosquitto", mode="real", tls="true"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert Path(out / "broker.ca.pem").exists()
    connections = json.loads((out / "run.json").read_text())["connections"]
    # Whoever comes back resumes its session, and nobody the first time.
    assert connections["handshakes"] == connections["made"] > connections["planned"]
    assert connections["handshakes_resumed"] == connections["made"] - connections["planned"]

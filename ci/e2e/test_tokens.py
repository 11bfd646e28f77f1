"""Logins by tokens at a door that checks them: accepted, refused, renewed in time."""

import base64
import subprocess

import pytest

from brokers import Subscriber
from checking_broker import Door, Jwt, Sas
from program import SCENARIOS, Run, iomt, sets

TOKENS = SCENARIOS / "tokens.toml"
DEVICES = 8
WATCHER = {"watcher": "of-the-watcher"}


def keys(folder, algorithm):
    """A private key as the scenario names it, and what the door checks with."""
    if algorithm == "HS256":
        return "shared-secret", "shared-secret"
    kind = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"] if algorithm == "ES256" else ["RSA"]
    private, public = folder / "device.key", folder / "device.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", *kind, "-out", private], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    return private, public


@pytest.mark.parametrize(("algorithm", "protocol"), [("HS256", "3.1.1"), ("RS256", "5"), ("ES256", "3.1.1")])
def test_tokens_are_renewed_before_they_expire_and_nothing_is_lost(mosquitto, tmp_path, algorithm, protocol):
    private, public = keys(tmp_path, algorithm)
    with Door(mosquitto.port, Jwt(algorithm, public, tmp_path), WATCHER) as door, Subscriber(mosquitto.port) as seen:
        values = sets(broker=f"mqtt://127.0.0.1:{door.port}", algorithm=algorithm, key=private, protocol=protocol)
        with Run(TOKENS, tmp_path / "out", *values) as running:
            assert running.wait(60) == 0, running.said()
        seen.settle()
    assert len(set(seen.keys())) == running.report["generated"]
    assert (door.refused, door.cut) == ([], []), "a token was refused, or expired while connected"
    # Nine seconds and tokens of four, renewed after 2.4 s: each device came back at least twice.
    devices = [user for user in door.accepted if user != "watcher"]
    assert len(devices) >= 3 * DEVICES
    assert running.report["connections"]["made"] == len(devices)
    outputs = [file.read_text() for file in running.out.iterdir()] + [running.said()]
    assert not any("shared-secret" in text for text in outputs)


def test_a_shared_access_signature_opens_the_hub_that_it_names(mosquitto, tmp_path):
    key = base64.b64encode(b"of the hub").decode()
    text = TOKENS.read_text()
    token = f'token = {{ kind = "sas", key = "{key}", lifetime = "4s", resource = "hub.example/devices/${{device.serial}}" }}'
    lines = [token if line.startswith("token =") else line for line in text.splitlines()]
    path = tmp_path / "sas.toml"
    path.write_text("\n".join(lines) + "\n")
    with Door(mosquitto.port, Sas("hub.example", key), WATCHER) as door:
        values = sets(broker=f"mqtt://127.0.0.1:{door.port}")
        with Run(path, tmp_path / "out", *values) as running:
            assert running.wait(60) == 0, running.said()
        assert (door.refused, door.cut) == ([], [])
    with Door(mosquitto.port, Sas("other.example", key), WATCHER) as door:
        asked = iomt("check", "--connect", path, *sets(broker=f"mqtt://127.0.0.1:{door.port}"))
        assert asked.returncode == 3
        assert "refused device `ward/1/oxi` and 7 more over link `wifi`: broker said 0x05 (not authorized)" in asked.stderr
        assert sorted(door.refused) == [(f"ward-{number:04}-oxi", "resource") for number in range(1, 9)]


def test_a_wrong_key_is_refused_and_named(mosquitto, tmp_path):
    with Door(mosquitto.port, Jwt("HS256", "another", tmp_path), WATCHER) as door:
        values = sets(broker=f"mqtt://127.0.0.1:{door.port}")
        asked = iomt("check", "--connect", TOKENS, *values)
        assert asked.returncode == 3
        assert "refused device `ward/1/oxi` and 7 more over link `wifi`: broker said 0x05 (not authorized)" in asked.stderr
        assert sorted(door.refused) == [(f"ward-{number:04}-oxi", "signature") for number in range(1, 9)]
    missing = iomt("check", "--connect", TOKENS, *sets(broker=mosquitto.url, algorithm="ES256", key="nowhere.pem"))
    assert missing.returncode == 2
    assert "error: `key` of `ward/1/oxi`: (not shown) cannot be read" in missing.stderr


def test_what_a_token_cannot_be_is_told(tmp_path):
    text = TOKENS.read_text()
    path = tmp_path / "wrong.toml"
    path.write_text(text.replace("token = {", 'password = "x"\ntoken = {'))
    asked = iomt("check", path)
    assert asked.returncode == 2
    assert "there is a `password` or a `token`, not both" in asked.stderr
    path.write_text(text.replace('lifetime = "4s"', 'lifetime = "0s", kind = "sas"'))
    asked = iomt("check", path)
    assert asked.returncode == 2
    assert "good for no time" in asked.stderr and "`audience` is for `kind = \"jwt\"`" in asked.stderr

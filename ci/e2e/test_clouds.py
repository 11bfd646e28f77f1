"""Presets of clouds at doors that look at logins and messages as these do: what a preset says gets through, what it refuses does not."""

import base64

import pytest

from brokers import Subscriber
from certificates import Authority
from cloud_door import WATCHER, Aws, Azure, CloudDoor
from program import Run, iomt

KEY = base64.b64encode(b"of the hub").decode()
DEVICES = 6
SCENARIO = """
format   = 1
scenario = "cloud"
seed     = 3
[time]
length = "{length}"
drain  = "5s"
[target.cloud]
url  = "mqtts://127.0.0.1:{door}"
{target}
with = {{ ca = "ca/ca.pem"{issuer} }}
[target.behind]
url = "mqtt://127.0.0.1:{broker}"
[probe.behind]
kind   = "subscribe"
to     = "behind"
filter = "{filter}"
[link.wifi]
to      = "cloud"
session = {{ backoff = "fixed", backoff_initial = "100ms", backoff_longest = "100ms" }}
{link}
[[cohort]]
id      = "ward"
count   = 6
patient = {{ model = "adult_ward" }}
  [[cohort.device]]
  id   = "oxi"
  kind = "pulse_oximeter"
  link = "wifi"
[[expect]]
id   = "everything arrives"
that = "delivered.ratio == 100%"
probe = "behind"
[[expect]]
id   = "nothing that was acknowledged is lost"
that = "lost(acked) == 0"
probe = "behind"
"""
IN_THE_WARD = 'topic = "ward/${device.serial}/${stream}"'
OF_THE_HUB = 'topic = "devices/${device.serial}/messages/events/${stream}"'
SIGNED = f'auth = {{ token = {{ key = "{KEY}", lifetime = "4s" }} }}'
# What presets say where a scenario is silent.
BY_HAND = 'client_id = "${device.serial}"'
SIGNED_BY_HAND = (
    'auth = { user = "127.0.0.1/${device.serial}/?api-version=2021-04-12", '
    f'token = {{ kind = "sas", key = "{KEY}", resource = "127.0.0.1/devices/${{device.serial}}" }} }}'
)
AWS = {"target": 'cloud = "aws-iot"', "link": IN_THE_WARD, "filter": "ward/#", "length": "3s"}
AWS["issuer"] = ', issuer = "ca/ca.pem", issuer_key = "ca/ca.key"'
AZURE = {"target": 'cloud = "azure-iot-hub"', "link": f"{OF_THE_HUB}\n{SIGNED}", "filter": "devices/#", "length": "9s", "issuer": ""}


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "ca")


def scenario(tmp_path, door, broker, values, **changes):
    path = tmp_path / "cloud.toml"
    path.write_text(SCENARIO.format(door=door.port, broker=broker.port, **(values | changes)))
    return path


def run(path, tmp_path):
    with Run(path, tmp_path / "out") as running:
        return running.wait(60), running


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_what_a_preset_says_gets_through_the_door(mosquitto, authority, tmp_path, cloud):
    rules, values = {"aws": (Aws(), AWS), "azure": (Azure("127.0.0.1", KEY), AZURE)}[cloud]
    identity = authority.issue("cloud")
    with CloudDoor(mosquitto.port, rules, identity, authority) as door, Subscriber(mosquitto.port) as seen:
        code, done = run(scenario(tmp_path, door, mosquitto, values), tmp_path)
        assert code == 0, done.said()
        seen.settle()
    assert len(set(seen.keys())) == done.report["generated"] > DEVICES
    assert (door.refused, door.broken, door.expired) == ([], [], [])
    devices = [client for client in door.accepted if client.endswith("-oxi")]
    assert set(devices) == {f"ward-{number:04}-oxi" for number in range(1, DEVICES + 1)}
    # Nine seconds and signatures of four: each device came back at least twice, and nothing was lost.
    assert len(devices) >= (3 * DEVICES if cloud == "azure" else DEVICES)


WRONG = {
    "QoS 2": (AWS, f'{IN_THE_WARD}\nqos = "2"'),
    "too many slashes": (AWS, 'topic = "ward/a/b/c/d/e/f/${device.serial}/${stream}"'),
    "topic": (AZURE, IN_THE_WARD),
    "retain": (AZURE, f"{OF_THE_HUB}\nretain = true"),
}


@pytest.mark.parametrize("reason", WRONG)
def test_what_the_door_refuses_the_preset_refuses_before(mosquitto, authority, tmp_path, reason):
    values, link = WRONG[reason]
    rules, by_hand = (Aws(), BY_HAND) if values is AWS else (Azure("127.0.0.1", KEY), f"{BY_HAND}\n{SIGNED_BY_HAND}")
    with CloudDoor(mosquitto.port, rules, authority.issue("cloud"), authority) as door:
        preset = link if values is AWS else f"{link}\n{SIGNED}"
        asked = iomt("check", scenario(tmp_path, door, mosquitto, values, link=preset))
        assert asked.returncode == 2 and "error: cloud `" in asked.stderr, asked.stderr
        watched = "" if values is AWS else 'auth = { user = "%s", password = "%s" }' % WATCHER
        path = scenario(tmp_path, door, mosquitto, values, link=f"{link}\n{by_hand}", target=watched, length="1s")
        code, done = run(path, tmp_path)
        assert code != 0, done.said()
        assert {broken for _, broken in door.broken} == {reason}, done.said()


def test_who_has_no_right_to_come_in_is_refused_and_named(mosquitto, authority, tmp_path):
    identity = authority.issue("cloud")
    with CloudDoor(mosquitto.port, Azure("another.hub", KEY), identity, authority) as door:
        asked = iomt("check", "--connect", scenario(tmp_path, door, mosquitto, AZURE))
        assert asked.returncode == 3
        assert "refused device `ward/1/oxi` and 5 more over link `wifi`: broker said 0x05 (not authorized)" in asked.stderr
        assert {name for name, _ in door.refused} == {f"ward-{number:04}-oxi" for number in range(1, 7)}
        assert all("user name" in why for _, why in door.refused)
    with CloudDoor(mosquitto.port, Aws(), identity, authority) as door:
        ids = AWS["link"] + '\nclient_id = "other-${device.serial}"'
        asked = iomt("check", "--connect", scenario(tmp_path, door, mosquitto, AWS, link=ids))
        assert asked.returncode == 3
        assert sorted(door.refused) == [
            (f"other-ward-{number:04}-oxi", f"`other-ward-{number:04}-oxi` shows the certificate of `ward-{number:04}-oxi`")
            for number in range(1, 7)
        ]

"""Devices behind Bluetooth gateways: what arrives at the broker, decoded by another hand."""

from collections import Counter

from brokers import Subscriber
from program import LIBRARY, Run, iomt, sets

THEENGS = """
format   = 1
scenario = "theengs"
about    = "two belts behind phones that publish as OpenMQTTGateway does"
seed     = 3

[time]
mode   = "real"
length = "12s"
drain  = "5s"

[target.broker]
url = "{url}"

[link.up]
to    = "broker"
topic = "home/${{gateway}}/BTtoMQTT/${{device.serial}}"

[link.radio]
carrier   = "ble"
to        = "phone"
advertise = "100ms"

[gateway.phone]
per    = "patient"
link   = "up"
format = "theengs"

[[cohort]]
id      = "home"
count   = 2
patient = {{ model = "adult_home" }}

  [[cohort.device]]
  id     = "belt"
  kind   = "heart_rate_belt"
  link   = "radio"
  stream = {{ heart_rate = "1s" }}

[probe.out]
to     = "broker"
filter = "home/#"

[[expect]]
id   = "most values find a phone that listens"
that = "completeness >= 60%"
"""


def sfloat(octets):
    """IEEE 11073 SFLOAT: twelve bits of mantissa, four of exponent, both in two's complement."""
    word = int.from_bytes(octets, "little")
    mantissa = word & 0xFFF
    exponent = word >> 12
    mantissa -= 0x1000 if mantissa & 0x800 else 0
    exponent -= 0x10 if exponent & 0x8 else 0
    return mantissa * 10.0**exponent


def crc16(octets):
    """The E2E-CRC of the CGM service: CRC-CCITT, least significant bit first, from 0xFFFF."""
    crc = 0xFFFF
    for octet in octets:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc


def test_seven_hours_offline_are_backfilled(mosquitto, tmp_path):
    with Subscriber(int(mosquitto.url.rsplit(":", 1)[1])) as subscriber:
        with Run(LIBRARY / "home-diabetes.toml", tmp_path / "out", *sets(broker=mosquitto.url, people=8)) as run:
            code = run.wait(180)
        subscriber.settle()
    assert code == 0, run.said()
    messages = subscriber.telemetry()
    report = run.report
    # Everything that was said is there, numbered without a gap, and nothing else.
    observed = Counter((message["d"], message["st"], message["s"]) for message in messages)
    assert len(observed) == report["generated"] == report["delivered"] == 8 * 2 * 144
    assert sum(observed.values()) - len(observed) == report["duplicates"]
    routes = Counter((device, stream) for device, stream, _ in observed)
    assert set(routes.values()) == {144}, routes

    # What the gateway makes of the octets is what the service's definition says.
    sensors = [message for message in messages if message["st"] == "glucose"]
    checked = 0
    for message in sensors:
        raw = bytes.fromhex(message["g"]["raw"])
        assert raw[0] == len(raw) and int.from_bytes(raw[-2:], "little") == crc16(raw[:-2]), message
        if message.get("m", {}).get("glucose_isf") is not None:
            assert abs(sfloat(raw[2:4]) - message["m"]["glucose_isf"]) < 0.5, message
            checked += 1
    assert checked > 8 * 100, checked
    assert all(message["g"]["t"] >= message["t"] and -127 < message["g"]["rssi"] < 0 for message in messages)
    # A sensor out of reach tells what it has kept when it is back.
    assert any(message["g"]["backfill"] for message in sensors)
    # The outbox of the phone is not the memory of the sensor: the outage itself backfills nothing.
    offline = next(step for step in report["steps"] if step["id"] == "airplane")
    assert offline["effective"] and report["radio"]["given_up"] == {}, report["radio"]["given_up"]


def test_gateways_speak_theengs(mosquitto, tmp_path):
    scenario = tmp_path / "theengs.toml"
    scenario.write_text(THEENGS.format(url=mosquitto.url))
    with Subscriber(int(mosquitto.url.rsplit(":", 1)[1])) as subscriber:
        with Run(scenario, tmp_path / "out") as run:
            code = run.wait(60)
        subscriber.settle()
    assert code == 0, run.said()
    assert subscriber.seen
    for seen in subscriber.seen:
        assert seen.topic.startswith("home/phone/BTtoMQTT/home-000"), seen.topic
    for message in subscriber.telemetry():
        assert {"id", "name", "rssi"} <= set(message), message
        assert len(message["id"].split(":")) == 6 and message["rssi"] < 0
        assert 30 <= message["hr"] <= 220, message


def test_virtual_time_knows_the_radio(tmp_path):
    """The ward of the library without a clock: the same medium, hub and all, at once."""
    text = (LIBRARY / "ble-ward.toml").read_text().replace('mode   = "real"', 'mode   = "virtual"')
    scenario = tmp_path / "ward.toml"
    scenario.write_text(text)
    done = iomt("run", scenario, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in virtual time nobody can attach to host" in done.stderr

"""What MQTT can: QoS 2 through cuts, the properties of MQTT 5, WebSocket; seen by other people's clients and brokers."""

import json
import re
import time
from collections import Counter

import pytest

from brokers import Subscriber, free_port, key
from cutting_proxy import HANDSHAKE, CuttingProxy
from program import SCENARIOS, Run, iomt, sets

HANDSHAKES = SCENARIOS / "handshakes.toml"
SECURED = (SCENARIOS / "secured.toml").read_text()


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_qos_2_is_exactly_once_through_cuts_at_every_frame(mosquitto, tmp_path, protocol):
    expiry = "1h" if protocol == "5" else "0s"
    with CuttingProxy(mosquitto.port, b"iomt-ward", 7) as proxy, Subscriber(mosquitto.port, qos=2) as independent:
        values = sets(broker=f"mqtt://127.0.0.1:{proxy.port}", protocol=protocol, expiry=expiry)
        with Run(HANDSHAKES, tmp_path / "out", *values) as running:
            code = running.wait(90)
        independent.settle()
        assert code == 0, running.said()
        seen = Counter(independent.keys())
    assert len(seen) == running.report["generated"] > 40
    assert set(seen.values()) == {1}, [twice for twice, count in seen.items() if count > 1]
    assert running.report["connections"]["made"] > 6
    assert {name for name, _ in proxy.cuts} == set(HANDSHAKE.values())
    assert {where for _, where in proxy.cuts} == {"before", "after"}


def test_a_session_that_the_broker_forgets_is_warned_of():
    asked = iomt("check", HANDSHAKES, *sets(protocol="5"))
    assert asked.returncode == 0
    assert "QoS 2 holds across cuts only in a session that the broker keeps" in asked.stderr


def secured(tmp_path, url, *lines, with_="", protocol="3.1.1"):
    text = SECURED.replace('"mosquitto"', f'"{url}"', 1).replace("with = {}", f"with = {{ {with_} }}")
    text = re.sub(r'^protocol = "3.1.1"$', f'protocol = "{protocol}"', text, flags=re.M)
    path = tmp_path / "scenario.toml"
    path.write_text(text.replace("[link.wifi]\n", "[link.wifi]\n" + "".join(f"{line}\n" for line in lines)))
    return path


def test_messages_carry_what_mqtt_5_lets_them(start_mosquitto, tmp_path):
    broker = start_mosquitto("max_topic_alias 3", "log_type all")
    link = (
        'mqtt5 = { message_expiry = "45s", topic_alias = true, message_property = true, traceparent = true, '
        'user_properties = ["site=north", "empty="] }'
    )
    path = secured(tmp_path, broker.url, link, protocol="5")
    with Subscriber(broker.port, protocol="5") as independent:
        with Run(path, tmp_path / "out") as running:
            assert running.wait(60) == 0, running.said()
        independent.settle()
        assert len(independent.keys()) == running.report["generated"]
        traces = set()
        for seen in independent.seen:
            properties = dict(seen.properties.UserProperty)
            device, stream, sequence = key(json.loads(seen.payload))
            assert properties["iomt-message"] == f"{sequence}/{stream}/{device}"
            assert (properties["site"], properties["empty"]) == ("north", "")
            assert 40 <= seen.properties.MessageExpiryInterval <= 45
            traces.add(re.fullmatch(r"00-([0-9a-f]{32})-[0-9a-f]{16}-01", properties["traceparent"]).group(1))
        assert len(traces) == len(independent.seen)


def test_what_only_mqtt_5_has_is_refused_in_3_1_1(tmp_path):
    link = 'mqtt5 = { topic_alias = true }\nwill = { topic = "gone/${device}", delay = "5s" }'
    asked = iomt("check", secured(tmp_path, "embedded", link))
    assert asked.returncode == 2
    assert '`mqtt5` is for `protocol = "5"`' in asked.stderr
    assert "MQTT 3.1.1 publishes a will at once" in asked.stderr


@pytest.mark.parametrize("broker", ["embedded", "mosquitto"])
@pytest.mark.parametrize("tls", ["false", "true"])
def test_brokers_of_the_run_speak_web_socket(tmp_path, broker, tls):
    path = secured(tmp_path, broker, with_=f"websocket = true, tls = {tls}", protocol="5")
    with Run(path, tmp_path / "out") as running:
        assert running.wait(60) == 0, running.said()
    report = running.report
    assert report["delivered"] == report["generated"] > 0, running.said()
    assert {expect["verdict"] for expect in report["expect"]} == {"pass"}, running.said()
    identity = report["targets"][0]["identity"]
    assert ("on wss://127.0.0.1:" if tls == "true" else "on ws://127.0.0.1:") in identity


def test_the_users_broker_over_web_socket(start_mosquitto, tmp_path):
    web = free_port()
    broker = start_mosquitto(f"listener {web} 127.0.0.1", "protocol websockets")
    path = secured(tmp_path, f"ws://127.0.0.1:{web}/mqtt")
    with Subscriber(broker.port) as independent:
        with Run(path, tmp_path / "out") as running:
            assert running.wait(60) == 0, running.said()
        independent.settle()
        assert len(independent.keys()) == running.report["generated"]
    assert iomt("check", "--connect", path).returncode == 0
    # A port that speaks plain MQTT answers no request for a WebSocket.
    asked = iomt("check", "--connect", secured(tmp_path, f"ws://127.0.0.1:{broker.port}/mqtt"))
    assert asked.returncode == 3
    assert "refused device `icu/1/oxi`" in asked.stderr


def test_links_are_cut_over_web_socket_as_over_tcp(tmp_path):
    out = tmp_path / "out"
    cuts = (SCENARIOS / "cuts.toml").read_text()
    assert "tls" in cuts
    path = tmp_path / "cuts.toml"
    path.write_text(re.sub(r"tls *= *\"?\$\{tls\}\"?", "websocket = true", cuts))
    done = iomt("run", path, "--out", out, *sets(broker="mosquitto", mode="real"))
    assert done.returncode == 0, done.stdout + done.stderr
    identity = json.loads((out / "run.json").read_text())["targets"][0]["identity"]
    assert "on ws://" in identity


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_two_runs_under_the_same_names_blame_nobody(mosquitto, tmp_path, protocol):
    path = secured(tmp_path, mosquitto.url, protocol=protocol)
    path.write_text(path.read_text().replace('length = "3s"', 'length = "6s"'))
    # What the other says comes with other times; Mosquitto takes over connections without a word.
    with Run(path, tmp_path / "one") as one:
        time.sleep(1)
        with Run(path, tmp_path / "other") as other:
            codes = one.wait(60), other.wait(60)
    assert codes == (4, 4), one.said() + other.said()
    for run in (one, other):
        assert run.report["verdict"] == "inconclusive"
        assert run.report["reasons"][0].startswith("not so: devices have their names for themselves: "), run.said()
        assert "taken over" in run.said() and "${run}" in run.said()

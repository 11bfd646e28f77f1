"""A broker that dies in the middle of a run.

How Mosquitto loses messages that it acknowledged. It answers a PUBLISH as soon as the message stands in the queues of
the sessions that subscribed to it, and those live in memory. After SIGKILL it knows neither queues nor sessions. A
device that is back before the subscriber publishes to a topic without subscribers: acknowledged, and gone. Which
messages that hits depends on who reconnects first, to the millisecond, for each subscriber differently. Here a relay in
front of the broker decides it, so that the loss is certain and the same for the run's own probe and for the independent
client. As the probe could not see, the run blames nobody, and says what it cannot tell:

1. The relay keeps the broker's answers back, then what the devices say. So the broker is idle when it is killed, and
   every device has messages without an acknowledgement: some that the broker passed on, some that it never saw.
2. The broker is killed and started again. The relay lets the devices in and keeps both subscribers out: what the devices
   say now is acknowledged and lost, for both.
3. The relay holds the devices back until both subscribers are subscribed again; then everything flows.

What the broker owed a subscriber before its connection ended is another matter: the subscription stood, the message was
acknowledged, and what was in the session went with the broker. Of that the run is certain.
"""

import json
import time
from collections import Counter

import pytest

from brokers import Subscriber, free_port, key
from program import SCENARIOS, Run, iomt, sets, wait_until
from proxy import Proxy

SCENARIO = SCENARIOS / "restart.toml"
DEVICES = 20


@pytest.fixture
def relay():
    proxies = []

    def start(broker):
        proxies.append(Proxy(broker.port, "device-"))
        return proxies[-1]

    yield start
    for proxy in proxies:
        proxy.close()


def keys(payloads):
    """Identities of telemetry payloads; answers to commands have none."""
    messages = (json.loads(payload) for payload in payloads)
    return {key(message) for message in messages if "st" in message}


def judge_repetitions(proxy):
    """MQTT-4.4.0-1 and MQTT-3.3.1-1, packet by packet: what a connection left without an acknowledgement comes again on
    the next one, first, in order, with the same packet id and bytes and with DUP; nothing else has DUP. Returns how many
    came again."""
    repeated = 0
    for client, connections in proxy.histories().items():
        owed = []
        for sent, acknowledged in connections:
            if not sent and not acknowledged:
                # Ended before the broker let it in.
                continue
            again, new = sent[: len(owed)], sent[len(owed) :]
            assert all(message.duplicate for message in again), f"{client}: repeated without DUP"
            expected = [(message.packet, message.payload) for message in owed]
            assert [(message.packet, message.payload) for message in again] == expected, f"{client}: not what it owes"
            assert not any(message.duplicate for message in new), f"{client}: DUP on a new message"
            repeated += len(again)
            owed = [message for message in sent if message.packet not in acknowledged]
    return repeated


def judge_sums(report):
    assert report["generated"] == sum(report[name] for name in ("delivered", "lost", "unjudged", "dropped_declared", "pending"))
    connections = report["connections"]
    assert connections["made"] >= 2 * DEVICES
    assert sum(connections["ended"].values()) >= DEVICES
    assert connections["reconnect"]["samples"] >= DEVICES
    assert connections["reconnect"]["never_arrived"] == 0


def test_what_a_killed_broker_loses_while_nobody_can_look_is_unjudged(mosquitto, relay, tmp_path):
    proxy = relay(mosquitto)
    with (
        Subscriber(proxy.port, persistent=True) as subscriber,
        # An outbox that is too small for the outage: what it drops is declared.
        Run(SCENARIO, tmp_path / "out", *sets(broker=proxy.url, outbox=4)) as run,
    ):
        wait_until(lambda: len(subscriber.seen) > 300)

        proxy.to_devices.set(False)
        time.sleep(0.8)
        proxy.from_devices.set(False)
        time.sleep(0.8)
        subscriber.settle(quiet=0.2)
        subscriptions = proxy.subscriptions
        proxy.others.set(False)
        before = Counter(proxy.connections)
        mosquitto.kill()
        proxy.to_devices.set(True)
        proxy.from_devices.set(True)
        time.sleep(1.5)

        mosquitto.start()
        devices = [client for client in before if client.startswith("device-")]
        assert len(devices) == DEVICES
        wait_until(lambda: all(proxy.connections[client] > before[client] for client in devices))
        time.sleep(1.5)

        proxy.from_devices.set(False)
        time.sleep(0.3)
        proxy.others.set(True)
        wait_until(lambda: proxy.subscriptions >= subscriptions + 2)
        proxy.from_devices.set(True)

        code = run.wait()
        subscriber.settle()
        seen = Counter(subscriber.keys())
    report = run.report
    acknowledged = keys(proxy.acknowledged_messages())
    written = keys(proxy.messages())

    # What the run says nobody can judge is what the independent client is missing: all of it was acknowledged while neither
    # was subscribed.
    missing = acknowledged - set(seen)
    assert report["acked"] == len(acknowledged)
    assert report["sent"] == len(written)
    assert report["unjudged"] == len(missing) > 0
    assert report["lost"] == 0
    assert report["delivered"] == len(seen)
    assert report["duplicates"] == sum(seen.values()) - len(seen)
    assert code == report["exit_code"] == 4, run.said()
    assert [expect["verdict"] for expect in report["expect"]] == ["inconclusive", "inconclusive"]
    assert len(report["probes"][0]["blind"]) == 1

    # Everything unacknowledged came again, with DUP.
    assert judge_repetitions(proxy) == report["connections"]["resent"] >= DEVICES

    # Drops and reconnects are told.
    judge_sums(report)
    assert report["dropped_declared"] == report["generated"] - len(written) - report["pending"] > 0
    # The outage was 1.5 s at least for everybody.
    assert report["connections"]["reconnect"]["p50_s"] >= 1.0


def test_what_a_killed_broker_owed_its_subscribers_is_lost_for_certain(mosquitto, relay, tmp_path):
    proxy = relay(mosquitto)
    with (
        Subscriber(proxy.port, persistent=True) as subscriber,
        Run(SCENARIO, tmp_path / "out", *sets(broker=proxy.url)) as run,
    ):
        wait_until(lambda: len(subscriber.seen) > 300)
        # Nothing is on its way when the relay begins and ends to keep from the subscribers what the broker says.
        proxy.from_devices.set(False)
        time.sleep(0.5)
        proxy.to_others.set(False)
        proxy.from_devices.set(True)
        time.sleep(1.5)
        proxy.from_devices.set(False)
        time.sleep(0.5)
        subscriptions = proxy.subscriptions
        mosquitto.kill()
        proxy.to_others.set(True)
        mosquitto.start()
        wait_until(lambda: proxy.subscriptions >= subscriptions + 2)
        proxy.from_devices.set(True)
        code = run.wait()
        subscriber.settle()
        seen = set(subscriber.keys())
    report = run.report
    missing = keys(proxy.acknowledged_messages()) - seen
    assert report["lost_acked"] == report["lost"] == len(missing) > 20, run.said()
    assert report["unjudged"] == 0
    assert code == report["exit_code"] == 1
    verdicts = {expect["id"]: expect["verdict"] for expect in report["expect"]}
    assert verdicts["nothing acknowledged is lost"] == "fail"
    judge_sums(report)


def test_a_clean_restart_with_persistence_loses_nothing(start_mosquitto, relay, tmp_path):
    # SIGTERM lets Mosquitto write sessions and queues down; it reads them at the next start.
    broker = start_mosquitto("persistence true")
    proxy = relay(broker)
    with (
        Subscriber(proxy.port, persistent=True) as subscriber,
        Run(SCENARIO, tmp_path / "out", *sets(broker=proxy.url)) as run,
    ):
        wait_until(lambda: len(subscriber.seen) > 300)
        broker.stop()
        time.sleep(1.5)
        broker.start()
        code = run.wait()
        subscriber.settle()
        seen = Counter(subscriber.keys())
    report = run.report
    assert code == 0, run.said()
    assert report["lost"] == report["lost_acked"] == report["dropped_declared"] == report["pending"] == 0
    assert report["generated"] == report["sent"] == report["acked"] == report["delivered"] == len(seen)
    judge_sums(report)
    assert judge_repetitions(proxy) == report["connections"]["resent"]


def test_a_dead_port_is_told_within_seconds(tmp_path):
    port = free_port()
    begin = time.monotonic()
    done = iomt("run", SCENARIO, "--out", tmp_path / "out", *sets(broker=f"mqtt://127.0.0.1:{port}"), timeout=30)
    assert done.returncode == 3
    assert time.monotonic() - begin < 10
    assert f"127.0.0.1:{port}" in done.stderr and "refused" in done.stderr, done.stderr
    assert not (tmp_path / "out" / "run.json").exists()
    junit = (tmp_path / "out" / "junit.xml").read_text()
    assert 'errors="1"' in junit and "refused" in junit, junit
    assert "refused" in (tmp_path / "out" / "report.html").read_text()

    done = iomt("check", "--connect", SCENARIO, *sets(broker=f"mqtt://127.0.0.1:{port}"), timeout=30)
    assert done.returncode == 3, done.stderr

"""Sparkplug B: what every kind of device says, and the sessions of nodes, judged by the schema of Eclipse Tahu."""

import base64
import json
import os
import signal
import struct

from tahutils.tahu import sparkplug_b_pb2 as tahu

from brokers import Subscriber, mosquitto_pub
from program import LIBRARY, SCENARIOS, Run, iomt, sets, wait_until

OF_MESSAGE = ("Message/Device", "Message/Stream", "Message/Sequence")
TYPES = {name: tahu.DataType.Value(name) for name in ("Int16Array", "Double", "String", "UInt64", "Int64", "Boolean")}


def read(octets):
    payload = tahu.Payload.FromString(octets)
    # What the schema does not know would be gone from it.
    payload.DiscardUnknownFields()
    assert payload.ByteSize() == len(octets)
    return payload


def value_of(metric):
    which = metric.WhichOneof("value")
    assert (which is None) == metric.is_null, metric
    return None if which is None else getattr(metric, which)


def octets_of(line):
    """Bytes that happen to be text are written as text."""
    return base64.b64decode(line["payload_base64"]) if "payload_base64" in line else line["payload"].encode()


def lines(tmp_path, form):
    file = tmp_path / f"{form}.jsonl"
    done = iomt("run", SCENARIOS / "formats.toml", "--out", tmp_path / form, *sets(format=form, file=file, length="1m"))
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_every_kind_of_device_is_read_by_tahu(tmp_path):
    """The same values as in vendor JSON, of types as the schema of another author has them."""
    said = {}
    for line in lines(tmp_path, "vendor-json"):
        message = json.loads(line["payload"])
        said[message["d"], message["st"], message["s"]] = message
    payloads = [read(octets_of(line)) for line in lines(tmp_path, "sparkplug")]
    assert len(payloads) == len(said) > 100
    waves = numbers = codes = 0
    for payload in payloads:
        metrics = {metric.name: metric for metric in payload.metrics}
        assert len(metrics) == len(payload.metrics), "a name that stands twice"
        assert all(metric.timestamp for metric in payload.metrics)
        message = said.pop(tuple(value_of(metrics.pop(name)) for name in OF_MESSAGE))
        assert value_of(metrics.pop("Message/Patient")) == message["p"]
        assert payload.timestamp == message["t"]
        chunks = {chunk["id"]: chunk for chunk in message.get("w", [])}
        values = message.get("m", {}) | message.get("c", {})
        for name, metric in metrics.items():
            value = value_of(metric)
            if metric.datatype == TYPES["Int16Array"]:
                samples = struct.unpack(f"<{len(value) // 2}h", value)
                assert (list(samples), metric.timestamp) == (chunks[name]["x"], chunks[name]["t"]), name
                keys = list(metric.properties.keys)
                assert keys[:3] == ["SampleRate", "Gain", "Offset"]
                waves += 1
                continue
            assert value == values[name], name
            if isinstance(value, float):
                assert metric.datatype == TYPES["Double"]
                numbers += 1
            elif isinstance(value, str):
                assert metric.datatype == TYPES["String"]
                codes += 1
    assert not said
    assert waves > 20 and numbers > 100 and codes > 5


class Nodes:
    """A host: what it knows of nodes by their births."""

    def __init__(self):
        self.names, self.next, self.births, self.deaths, self.data = {}, {}, [], [], []

    def take(self, topic, octets):
        _, _, kind, node, *_ = topic.split("/")
        payload = read(octets)
        if kind == "NDEATH":
            assert not payload.HasField("seq")
            self.deaths.append((node, payload.metrics[0].long_value))
            return
        if kind == "NBIRTH":
            assert payload.seq == 0
            metrics = {metric.name: metric for metric in payload.metrics}
            assert metrics["bdSeq"].datatype == TYPES["Int64"]
            assert metrics["Node Control/Rebirth"].datatype == TYPES["Boolean"]
            assert all(metric.datatype and metric.timestamp for metric in payload.metrics)
            aliases = [metric.alias for metric in payload.metrics if metric.HasField("alias")]
            assert len(aliases) == len(set(aliases)) > 4
            self.names[node] = {metric.alias: metric.name for metric in payload.metrics if metric.HasField("alias")}
            self.births.append((node, metrics["bdSeq"].long_value))
        elif kind == "NDATA":
            assert payload.seq == self.next[node], topic
            values = {self.names[node][metric.alias]: value_of(metric) for metric in payload.metrics}
            assert not any(metric.name for metric in payload.metrics)
            historical = {metric.is_historical for metric in payload.metrics}
            assert len(historical) == 1
            self.data.append((*(values[name] for name in OF_MESSAGE), historical.pop()))
        else:
            return
        self.next[node] = (payload.seq + 1) % 256


def test_nodes_keep_their_sessions_on_mosquitto(mosquitto, tmp_path):
    scenario = tmp_path / "sparkplug.toml"
    text = (LIBRARY / "sparkplug.toml").read_text()
    # The same, shorter, on the wall clock.
    shorter = [
        ('"virtual"', '"real"'),
        ('warmup = "2s"', 'warmup = "1s"'),
        ('length = "60s"', 'length = "12s"'),
        ('at   = "20s"', 'at   = "4s"'),
        ('for  = "10s"', 'for  = "3s"'),
    ]
    for old, new in shorter:
        assert old in text
        text = text.replace(old, new, 1)
    scenario.write_text(text)
    with Subscriber(mosquitto.port, filters=("spBv1.0/#",)) as subscriber:
        with Run(scenario, tmp_path / "out", *sets(broker=mosquitto.url)) as run:
            births = lambda: [seen.topic for seen in subscriber.seen if "/NBIRTH/" in seen.topic]
            wait_until(lambda: len(births()) == 6, 30)
            ask = tahu.Payload()
            ask.metrics.add(name="Node Control/Rebirth", datatype=TYPES["Boolean"], boolean_value=True)
            # One that is not cut.
            node = next(topic for topic in births() if "0003" in topic)
            subscriber.client.publish(node.replace("NBIRTH", "NCMD"), ask.SerializeToString(), qos=0)
            wait_until(lambda: births().count(node) == 2, 10)
            code = run.wait()
            assert code in (0, 4), run.said()
        subscriber.settle()
    assert not any(seen.retain for seen in subscriber.seen)
    nodes = Nodes()
    for seen in subscriber.seen:
        nodes.take(seen.topic, seen.payload)
    report = run.report
    assert report["delivered"] == len(set(message[:3] for message in nodes.data)) > 50
    assert any(message[3] for message in nodes.data), "what had waited is of the past"
    # Two nodes were cut: they died, and were born with the next number.
    died = {node for node, number in nodes.deaths if number == 0}
    assert len({node for node, number in nodes.births if number == 1}) == 2 and len(died) == 6
    probe = report["probes"][0]
    assert probe["session_messages"]["NBIRTH"] == len(nodes.births) == 9
    assert probe["session_messages"]["NDEATH"] == len(nodes.deaths)
    assert "session_flaws" not in probe


def test_a_killed_program_leaves_deaths(mosquitto, tmp_path):
    scenario = tmp_path / "sparkplug.toml"
    scenario.write_text((LIBRARY / "sparkplug.toml").read_text().replace('"virtual"', '"real"', 1))
    with Subscriber(mosquitto.port, filters=("spBv1.0/#",)) as subscriber:
        with Run(scenario, tmp_path / "out", *sets(broker=mosquitto.url)) as run:
            wait_until(lambda: sum("/NDATA/" in seen.topic for seen in subscriber.seen) >= 20, 30)
            os.kill(run.process.pid, signal.SIGKILL)
            run.wait()
        wait_until(lambda: sum("/NDEATH/" in seen.topic for seen in subscriber.seen) == 6, 10)
        subscriber.settle()
    nodes = Nodes()
    for seen in subscriber.seen:
        nodes.take(seen.topic, seen.payload)
    assert sorted(nodes.deaths) == sorted(nodes.births)


def test_links_that_cannot_be_nodes_are_refused(tmp_path):
    text = (LIBRARY / "sparkplug.toml").read_text()
    topic = 'topic   = "spBv1.0/${cohort}/NDATA/${device.serial}"'
    assert topic in text

    def told(*changes):
        file = tmp_path / "changed.toml"
        changed = text
        for old, new in changes:
            assert old in changed
            changed = changed.replace(old, new, 1)
        file.write_text(changed)
        done = iomt("check", file)
        assert done.returncode == 2, done.stdout
        return done.stderr

    assert "topics of Sparkplug B begin with `spBv1.0/`" in told((topic, topic.replace("spBv1.0", "ward")))
    assert "a topic of `DDATA` has five levels, this one has 4" in told((topic, topic.replace("NDATA", "DDATA")))
    assert "would both be the same node" in told((topic, topic.replace("NDATA", "DDATA/n")))
    assert "publishes at QoS 0" in told(("qos     = 0", "qos     = 1"))
    assert "has a will of its own" in told(("outbox  =", 'will    = { topic = "gone/${device.serial}", body = "gone" }\noutbox  ='))

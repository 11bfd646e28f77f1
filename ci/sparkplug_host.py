"""Nodes of `iomt` before a host application of another author (pysparkplug) on Mosquitto: births, data by their numbers, a
rebirth that the host asks for, and deaths when the program is killed.

    ci/sparkplug_host.py          with the Python that has pysparkplug
"""

import collections
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pysparkplug as psp

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 60
NODES = 6


class Host:
    """Subscribes to everything and keeps what the library makes of it."""

    def __init__(self, port):
        self.messages = collections.defaultdict(list)
        self.guard = threading.Lock()
        self.client = psp.Client(client_id="host")
        self.client.connect("127.0.0.1", port=port)
        kinds = psp.MessageType.NBIRTH, psp.MessageType.NDATA, psp.MessageType.NDEATH
        for kind in kinds:
            topic = psp.Topic(group_id="icu", message_type=kind, edge_node_id=psp.SINGLE_LEVEL_WILDCARD)
            self.client.subscribe(topic, psp.QoS.AT_LEAST_ONCE, self.take)

    def take(self, _client, message):
        with self.guard:
            self.messages[message.topic.message_type].append(message)

    def of(self, kind):
        with self.guard:
            return list(self.messages[kind])

    def ask_for_birth(self, node):
        metric = psp.Metric(
            timestamp=psp.get_current_timestamp(), name="Node Control/Rebirth", datatype=psp.DataType.BOOLEAN, value=True
        )
        payload = psp.NCmd(timestamp=psp.get_current_timestamp(), metrics=(metric,))
        topic = psp.Topic(group_id="icu", message_type=psp.MessageType.NCMD, edge_node_id=node)
        message = psp.Message(topic=topic, payload=payload, qos=psp.QoS.AT_MOST_ONCE, retain=False)
        self.client.publish(message, include_dtypes=True)


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not within {PATIENCE_S} s: {what}")
        time.sleep(0.05)


def death_number(message):
    if isinstance(message.payload, psp.NDeath):
        return message.payload.bd_seq_metric.value
    return next(metric.value for metric in message.payload.metrics if metric.name == "bdSeq")


def judge(host, program):
    wait_for("births of all nodes", lambda: len(host.of(psp.MessageType.NBIRTH)) == NODES)
    wait_for("data", lambda: len(host.of(psp.MessageType.NDATA)) > 50)
    node = host.of(psp.MessageType.NBIRTH)[0].topic.edge_node_id
    host.ask_for_birth(node)
    wait_for("a rebirth", lambda: len(host.of(psp.MessageType.NBIRTH)) == NODES + 1)
    again = host.of(psp.MessageType.NBIRTH)[-1]
    assert (again.topic.edge_node_id, again.payload.seq) == (node, 0)
    first = next(birth for birth in host.of(psp.MessageType.NBIRTH) if birth.topic.edge_node_id == node)
    assert death_number(first) == death_number(again)
    rate = [metric for metric in again.payload.metrics if metric.name in ("hr", "pr")]
    assert rate and all(metric.value is not None for metric in rate), "a rebirth says what was said last"
    os.kill(program.pid, signal.SIGKILL)
    wait_for("deaths", lambda: len(host.of(psp.MessageType.NDEATH)) == NODES)
    births = {birth.topic.edge_node_id: death_number(birth) for birth in host.of(psp.MessageType.NBIRTH)}
    assert {death.topic.edge_node_id: death_number(death) for death in host.of(psp.MessageType.NDEATH)} == births
    names = collections.Counter()
    for message in host.of(psp.MessageType.NDATA):
        metrics = {metric.name: metric.value for metric in message.payload.metrics}
        assert metrics["Message/Device"] == message.topic.edge_node_id
        names.update(metrics.keys())
    assert names["hr"] > 10 and names["spo2"] > 10 and names["ecg_ii"] > 10, names
    return len(host.of(psp.MessageType.NDATA)), names


def main():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "sparkplug.toml"
        text = (ROOT / "scenarios/library/sparkplug.toml").read_text()
        scenario.write_text(text.replace('"virtual"', '"real"', 1))
        broker = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        with subprocess.Popen([broker, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as mosquitto:
            try:
                wait_for("mosquitto", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
                host = Host(port)
                command = ["target/release/iomt", "run", scenario, "--out", f"{folder}/out", "--set", f"broker=mqtt://127.0.0.1:{port}"]
                with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
                    try:
                        messages, names = judge(host, program)
                    finally:
                        program.kill()
            finally:
                mosquitto.terminate()
    print(f"{messages} messages of {NODES} nodes with {len(names)} metrics were read by their births")


if __name__ == "__main__":
    main()

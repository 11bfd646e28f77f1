"""A private Mosquitto, and an independent subscriber that writes down what it sees."""

import json
import os
import shutil
import socket
import subprocess
import threading
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from program import wait_until

# No limits that could drop a message for a subscriber that falls behind for a moment.
UNLIMITED = ["max_queued_messages 0", "max_inflight_messages 0"]
SEARCH = os.environ["PATH"] + os.pathsep + "/usr/sbin"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mosquitto:
    """One broker on 127.0.0.1; its port and its configuration survive restarts."""

    def __init__(self, folder, lines=()):
        folder.mkdir(parents=True)
        self.port = free_port()
        self.secured = any(line.startswith("certfile") for line in lines)
        self.process = None
        self.folder = folder
        self.configuration = folder / "mosquitto.conf"
        # As root Mosquitto would become another user, who cannot write here.
        base = [f"listener {self.port} 127.0.0.1", "user root", f"persistence_location {folder}/"]
        if not any(line.startswith("allow_anonymous") for line in lines):
            base.append("allow_anonymous true")
        self.configuration.write_text("\n".join([*base, *UNLIMITED, *lines]) + "\n")

    @property
    def url(self):
        return f"{'mqtts' if self.secured else 'mqtt'}://127.0.0.1:{self.port}"

    @property
    def log(self):
        """What it has logged."""
        return (self.folder / "mosquitto.log").read_text()

    def start(self):
        program = shutil.which("mosquitto", path=SEARCH)
        assert program, "mosquitto is not installed: run ci/install"
        log = (self.folder / "mosquitto.log").open("a")
        self.process = subprocess.Popen([program, "-c", self.configuration], stdout=log, stderr=log)
        wait_until(self.answers)
        return self

    def answers(self):
        """Whether it serves: an open port comes before it can be ended cleanly, an accepted client does not."""
        if self.secured or "allow_anonymous false" in self.configuration.read_text():
            return " running" in self.log
        with socket.socket() as client:
            client.settimeout(1)
            try:
                client.connect(("127.0.0.1", self.port))
                client.sendall(bytes([0x10, 12, 0, 4, *b"MQTT", 4, 2, 0, 0, 0, 0]))
                return client.recv(4)[:1] == b"\x20"
            except OSError:
                return False

    def kill(self):
        """Ends it at once, as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it as an operator would; it stores what it keeps."""
        self.process.terminate()
        self.process.wait(10)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()


class Seen(NamedTuple):
    """One observed message."""

    topic: str
    payload: bytes
    retain: bool
    properties: object = None


class Subscriber:
    """An independent client (paho) that counts in a thread of its own. With `persistent` it keeps its session and
    comes back after 20 ms."""

    def __init__(self, port, filters=("#",), protocol="3.1.1", qos=1, persistent=False, name="independent"):
        five = protocol == "5"
        self.seen = []
        self.connects = 0
        self.filters = filters
        self.qos = qos
        self.subscribed = threading.Event()
        clean = {} if five else {"clean_session": not persistent}
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5 if five else paho.MQTTv311, **clean
        )
        self.client.on_connect = self.on_connect
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = lambda _client, _data, message: self.seen.append(
            Seen(message.topic, message.payload, message.retain, getattr(message, "properties", None))
        )
        self.client.reconnect_delay_set(min_delay=1, max_delay=1)
        if persistent:
            # paho counts whole seconds; its loop takes the number as it is.
            self.client._reconnect_min_delay = self.client._reconnect_max_delay = 0.02
        # No bound on what is acknowledged late, and small packets at once.
        self.client.max_queued_messages_set(0)
        options = {}
        if five:
            options = {"clean_start": not persistent}
            if persistent:
                options["properties"] = Properties(PacketTypes.CONNECT)
                options["properties"].SessionExpiryInterval = 3600
        self.client.connect("127.0.0.1", port, keepalive=30, **options)
        self.client.loop_start()
        assert self.subscribed.wait(10), "the independent subscriber was not granted its subscription"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()

    def on_connect(self, client, *_):
        self.connects += 1
        client.subscribe([(topic, self.qos) for topic in self.filters])

    def telemetry(self):
        """What devices said, read; answers to commands and commands are left out."""
        return [json.loads(seen.payload) for seen in list(self.seen) if not seen.topic.endswith(("/ack", "/cmd"))]

    def keys(self):
        """Who said which message of which stream, as often as it was seen."""
        return [key(message) for message in self.telemetry()]

    def answers(self):
        """Answers to commands, read."""
        return [json.loads(seen.payload) for seen in list(self.seen) if seen.topic.endswith("/ack")]

    def settle(self, quiet=0.5, timeout=10):
        """Waits until nothing has come for a while."""
        count = [-1]

        def unchanged():
            before, count[0] = count[0], len(self.seen)
            return before == count[0]

        wait_until(unchanged, timeout, quiet)


def key(message):
    """Identity of a vendor JSON message: device, stream, sequence number."""
    return message["d"], message["st"], message["s"]


def mosquitto_pub(port, topic, payload):
    """Publishes with Mosquitto's own client."""
    program = shutil.which("mosquitto_pub", path=SEARCH)
    assert program, "mosquitto_pub is not installed: run ci/install"
    message = ["-m", payload] if payload else ["-n"]
    command = [program, "-h", "127.0.0.1", "-p", str(port), "-t", topic, "-q", "1", *message]
    subprocess.run(command, check=True, timeout=10)



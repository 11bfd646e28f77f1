"""A TCP relay in front of a broker that writes down every PUBLISH and PUBACK of the devices, and has gates.

What it hands to a client is everything the broker said; what it takes from a client it takes to the last byte, also when
the broker is gone: a message that the client's socket accepted is a message in the book.
"""

import socket
import threading
from typing import NamedTuple

from doorway import Doorway

CONNECT, PUBLISH, PUBACK, SUBACK = 1, 3, 4, 9


class Sent(NamedTuple):
    """One PUBLISH with QoS 1 that a device wrote."""

    connection: int
    packet: int
    duplicate: bool
    payload: bytes


class Gate:
    """Lets bytes through when open."""

    def __init__(self):
        self.condition = threading.Condition()
        self.is_open = True

    def set(self, is_open):
        with self.condition:
            self.is_open = is_open
            self.condition.notify_all()

    def wait(self, alive):
        """Waits until it is open or until `alive` says no; returns whether it is open."""
        with self.condition:
            while not self.is_open and alive():
                self.condition.wait(0.02)
            return self.is_open


class Proxy(Doorway):
    def __init__(self, broker_port, device_prefix):
        self.broker_port = broker_port
        self.device_prefix = device_prefix
        self.lock = threading.Lock()
        self.sent = {}  # client id -> [Sent]
        self.acknowledged = {}  # client id -> {(connection, packet)} of PUBACKs handed to the client
        self.connections = {}  # client id -> how often it connected
        self.subscriptions = 0  # SUBACKs handed to clients that are no devices
        # What devices say to the broker, what the broker says to devices, and other clients' first words to the broker.
        self.from_devices, self.to_devices, self.others = Gate(), Gate(), Gate()
        # What the broker says to other clients; what comes while it is closed is thrown away.
        self.to_others = Gate()
        super().__init__()

    @property
    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def serve(self, client):
        """Serves one client until both sides are through."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            broker = socket.create_connection(("127.0.0.1", self.broker_port))
        except OSError:
            # Nobody there: refused as without a relay.
            client.close()
            return
        broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = Line(self, client, broker)
        back = threading.Thread(target=line.broker_to_client, daemon=True)
        back.start()
        line.client_to_broker()
        back.join()
        client.close()
        broker.close()

    # ---- what the book says ------------------------------------------------------------------------------------------

    def messages(self):
        """Every payload that a device wrote."""
        with self.lock:
            return {sent.payload for history in self.sent.values() for sent in history}

    def acknowledged_messages(self):
        """Every payload of which the device got an acknowledgement."""
        with self.lock:
            return {
                sent.payload
                for client, history in self.sent.items()
                for sent in history
                if (sent.connection, sent.packet) in self.acknowledged[client]
            }

    def histories(self):
        """For each device the list of its connections: each a list of its messages and the set of acknowledged packets."""
        with self.lock:
            return {
                client: [
                    (
                        [sent for sent in self.sent[client] if sent.connection == connection],
                        {packet for number, packet in self.acknowledged[client] if number == connection},
                    )
                    for connection in range(1, count + 1)
                ]
                for client, count in self.connections.items()
                if client.startswith(self.device_prefix)
            }


class Line:
    """The two directions of one client."""

    def __init__(self, proxy, client, broker):
        self.proxy = proxy
        self.client = client
        self.broker = broker
        self.broker_gone = False
        self.name = None
        self.connection = 0
        self.known = threading.Event()

    @property
    def is_device(self):
        return self.name is not None and self.name.startswith(self.proxy.device_prefix)

    def client_to_broker(self):
        packets = Packets()
        for chunk in chunks(self.client):
            for kind, flags, body in packets.take(chunk):
                if kind == CONNECT:
                    self.introduce(body)
                elif kind == PUBLISH and self.is_device:
                    self.note_publish(flags, body)
            gate = self.proxy.from_devices if self.is_device else self.proxy.others
            if gate.wait(lambda: not self.broker_gone) and not self.broker_gone:
                try:
                    self.broker.sendall(chunk)
                except OSError:
                    self.broker_gone = True
        self.known.set()
        shut(self.broker, socket.SHUT_RDWR)

    def broker_to_client(self):
        packets = Packets()
        for chunk in chunks(self.broker):
            self.known.wait()
            if self.is_device and not self.proxy.to_devices.wait(lambda: True):
                continue
            if not self.is_device and not self.proxy.to_others.is_open:
                continue
            with self.proxy.lock:
                for kind, _, body in packets.take(chunk):
                    if kind == PUBACK and self.is_device:
                        packet = int.from_bytes(body[:2], "big")
                        self.proxy.acknowledged[self.name].add((self.connection, packet))
            try:
                self.client.sendall(chunk)
            except OSError:
                break
            if not self.is_device and chunk[0] >> 4 == SUBACK:
                with self.proxy.lock:
                    self.proxy.subscriptions += 1
        self.broker_gone = True
        # Only this direction: what the client still writes goes into the book, and no reset takes away what it has not
        # read yet.
        shut(self.client, socket.SHUT_WR)

    def introduce(self, body):
        # 3.1.1: protocol name, level, flags, keep-alive, client id.
        start = 2 + int.from_bytes(body[:2], "big") + 4
        length = int.from_bytes(body[start : start + 2], "big")
        self.name = body[start + 2 : start + 2 + length].decode()
        with self.proxy.lock:
            self.connection = self.proxy.connections.get(self.name, 0) + 1
            self.proxy.connections[self.name] = self.connection
            self.proxy.sent.setdefault(self.name, [])
            self.proxy.acknowledged.setdefault(self.name, set())
        self.known.set()

    def note_publish(self, flags, body):
        assert flags >> 1 & 3 == 1, "the scenario says QoS 1"
        topic_end = 2 + int.from_bytes(body[:2], "big")
        packet = int.from_bytes(body[topic_end : topic_end + 2], "big")
        sent = Sent(self.connection, packet, bool(flags & 8), body[topic_end + 2 :])
        with self.proxy.lock:
            self.proxy.sent[self.name].append(sent)


class Packets:
    """Cuts a stream of bytes into MQTT packets."""

    def __init__(self):
        self.rest = b""

    def take(self, chunk):
        self.rest += chunk
        packets = []
        while True:
            length, position = 0, 1
            for position in range(1, min(5, len(self.rest))):
                length |= (self.rest[position] & 0x7F) << 7 * (position - 1)
                if self.rest[position] < 0x80:
                    break
            else:
                return packets
            end = position + 1 + length
            if len(self.rest) < end:
                return packets
            packets.append((self.rest[0] >> 4, self.rest[0] & 15, self.rest[position + 1 : end]))
            self.rest = self.rest[end:]


def chunks(source):
    """What arrives, until the end."""
    while True:
        try:
            chunk = source.recv(65536)
        except OSError:
            return
        if not chunk:
            return
        yield chunk


def shut(connection, how):
    try:
        connection.shutdown(how)
    except OSError:
        pass

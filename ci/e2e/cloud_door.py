"""Doors of clouds, in front of a broker that lets everybody in: TLS, logins of the shape that the cloud wants, and an end to
whoever publishes what it refuses. What they look at stands in the clouds' documentation, and is written here anew."""

import select
import socket
import ssl
import time

from checking_broker import Sas, fields
from doorway import Doorway

PUBLISH = 3
WATCHER = ("watcher", "of-the-watcher")


class Aws:
    """A certificate of each device whose name is the client id; QoS up to 1, seven slashes, 128 kB."""

    wants_certificates = True

    def login(self, client_id, user, password, name):
        if name not in (client_id, "iomt"):
            raise ValueError(f"`{client_id}` shows the certificate of `{name}`")
        return float("inf")

    def check(self, client_id, topic, qos, retain, size):
        if qos > 1:
            raise ValueError("QoS 2")
        if topic.count("/") > 7:
            raise ValueError("too many slashes")
        if size > 128 * 1024:
            raise ValueError("too long")


class Azure:
    """The device's id as client id, a user name that names the hub, a shared access signature, one topic, no last messages.
    The watcher is none of the cloud's: runs without a preset have a probe."""

    wants_certificates = False

    def __init__(self, hub, key):
        self.hub, self.signatures = hub, Sas(hub, key)

    def login(self, client_id, user, password, name):
        if (user, password) == WATCHER:
            return float("inf")
        if user != f"{self.hub}/{client_id}/?api-version=2021-04-12":
            raise ValueError(f"user name `{user}`")
        expiry = self.signatures.expiry(client_id, password or "")
        if expiry < time.time():
            raise ValueError("expired")
        return expiry

    def check(self, client_id, topic, qos, retain, size):
        if qos > 1 or retain:
            raise ValueError("QoS 2" if qos > 1 else "retain")
        if not topic.startswith(f"devices/{client_id}/messages/events/"):
            raise ValueError("topic")


class CloudDoor(Doorway):
    """The door of a cloud in front of the broker at a port, with a server's certificate."""

    def __init__(self, port, rules, identity, authority):
        self.broker_port, self.rules = port, rules
        self.accepted, self.refused, self.broken, self.expired = [], [], [], []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*identity)
        if rules.wants_certificates:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(authority.certificate)
        super().__init__()

    def serve(self, client):
        try:
            with self.context.wrap_socket(client, server_side=True) as secured:
                self.receive(secured)
        except OSError:
            pass

    def receive(self, client):
        packet = client.recv(65536)
        if not packet:
            return
        level, client_id, user, password = fields(packet)
        subject = dict(part[0] for part in (client.getpeercert() or {}).get("subject", ()))
        try:
            expiry = self.rules.login(client_id, user, password, subject.get("commonName"))
        except (ValueError, KeyError) as reason:
            self.refused.append((client_id, str(reason)))
            client.sendall(b"\x20\x03\x00\x87\x00" if level == 5 else b"\x20\x02\x00\x05")
            return
        self.accepted.append(client_id)
        with socket.create_connection(("127.0.0.1", self.broker_port)) as broker:
            broker.sendall(packet)
            try:
                self.relay(client, broker, client_id, level, expiry)
            except ValueError as reason:
                self.broken.append((client_id, str(reason)))

    def relay(self, client, broker, client_id, level, expiry):
        waiting = b""
        while True:
            if time.time() > expiry:
                self.expired.append(client_id)
                return
            readable = [client] if client.pending() else select.select([client, broker], [], [], 0.1)[0]
            if client in readable:
                received = client.recv(65536)
                if not received:
                    return
                waiting += received
                while (size := whole(waiting)) is not None:
                    frame, waiting = waiting[:size], waiting[size:]
                    self.check(frame, client_id)
                    broker.sendall(frame)
            if broker in readable:
                received = broker.recv(65536)
                if not received:
                    return
                client.sendall(received)

    def check(self, frame, client_id):
        if frame[0] >> 4 != PUBLISH:
            return
        begin = 2 + sum(1 for byte in frame[1:4] if byte & 0x80)
        size = int.from_bytes(frame[begin : begin + 2], "big")
        topic = frame[begin + 2 : begin + 2 + size].decode()
        payload = len(frame) - begin - 2 - size
        self.rules.check(client_id, topic, frame[0] >> 1 & 3, bool(frame[0] & 1), payload)


def whole(received):
    """Length of the first packet, if all of it is there."""
    length = 0
    for index, byte in enumerate(received[1:5]):
        length |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            size = 2 + index + length
            return size if len(received) >= size else None
    return None

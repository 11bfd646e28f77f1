"""A door that looks at logins as clouds do, in front of a broker: it reads CONNECT, checks the token in it, cuts a
connection when its token has expired, and hands everything on to a Mosquitto that lets everybody in."""

import base64
import hashlib
import hmac
import json
import socket
import struct
import subprocess
import threading
import time
import urllib.parse

from doorway import Doorway

CONNECT = 1


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def fields(packet):
    """Client id, user and password of a CONNECT without a will, of either version."""
    at = 2 + sum(1 for _ in iter_continued(packet))
    name = struct.unpack_from(">H", packet, at)[0]
    level, flags = packet[at + 2 + name], packet[at + 3 + name]
    at += name + 6
    if level == 5:
        assert packet[at] < 128
        at += 1 + packet[at]
    texts = []
    while at < len(packet):
        size = struct.unpack_from(">H", packet, at)[0]
        texts.append(packet[at + 2 : at + 2 + size].decode())
        at += 2 + size
    client, rest = texts[0], texts[1:]
    user = rest.pop(0) if flags & 0x80 else None
    return level, client, user, rest.pop(0) if flags & 0x40 else None


def iter_continued(packet):
    for byte in packet[1:5]:
        if byte < 128:
            return
        yield byte


class Jwt:
    """Tokens signed with a secret, or with the key of a certificate authority's making (checked by OpenSSL)."""

    def __init__(self, algorithm, key, folder):
        self.algorithm, self.key, self.folder = algorithm, key, folder

    def expiry(self, user, token):
        """Until when a token opens the door; raises ValueError with the reason if it does not."""
        header, claims, signature = token.split(".")
        if json.loads(decode(header))["alg"] != self.algorithm:
            raise ValueError("algorithm")
        self.check(f"{header}.{claims}".encode(), decode(signature))
        claims = json.loads(decode(claims))
        if claims["sub"] != user or claims["aud"] != "ward":
            raise ValueError("claims")
        return claims["exp"]

    def check(self, signed, signature):
        if self.algorithm == "HS256":
            if not hmac.compare_digest(hmac.new(self.key.encode(), signed, hashlib.sha256).digest(), signature):
                raise ValueError("signature")
            return
        if self.algorithm == "ES256":
            signature = in_der(signature)
        name = f"{hashlib.sha256(signed + signature).hexdigest()}.sig"
        (self.folder / name).write_bytes(signature)
        command = ["openssl", "dgst", "-sha256", "-verify", self.key, "-signature", self.folder / name]
        if subprocess.run(command, input=signed, capture_output=True, timeout=10).returncode:
            raise ValueError("signature")


def in_der(signature):
    """The two numbers of an ECDSA signature as OpenSSL wants them."""

    def integer(number):
        number = number.lstrip(b"\0")
        number = b"\0" + number if number[0] & 0x80 else number
        return b"\x02" + bytes([len(number)]) + number

    body = integer(signature[:32]) + integer(signature[32:])
    return b"\x30" + bytes([len(body)]) + body


class Sas:
    """Shared access signatures of one hub."""

    def __init__(self, hub, key):
        self.hub, self.key = hub, base64.b64decode(key)

    def expiry(self, user, token):
        scheme, _, rest = token.partition(" ")
        parts = dict(part.split("=", 1) for part in rest.split("&"))
        if scheme != "SharedAccessSignature" or urllib.parse.unquote(parts["sr"]) != f"{self.hub}/devices/{user}":
            raise ValueError("resource")
        signed = hmac.new(self.key, f"{parts['sr']}\n{parts['se']}".encode(), hashlib.sha256).digest()
        if base64.b64decode(urllib.parse.unquote(parts["sig"])) != signed:
            raise ValueError("signature")
        return int(parts["se"])


class Door(Doorway):
    """The door in front of the broker at a port; `open_to` are users with a plain password."""

    def __init__(self, port, checker, open_to):
        self.broker_port, self.checker, self.open_to = port, checker, open_to
        self.accepted, self.refused, self.cut = [], [], []
        super().__init__()

    def serve(self, client):
        try:
            packet = client.recv(65536)
        except OSError:
            return
        if not packet:
            return
        level, _, user, password = fields(packet)
        try:
            known = user in self.open_to and self.open_to[user] == password
            expiry = float("inf") if known else self.checker.expiry(user, password or "")
            if expiry < time.time():
                raise ValueError("expired")
        except (ValueError, KeyError) as reason:
            self.refused.append((user, str(reason)))
            client.sendall(b"\x20\x03\x00\x87\x00" if level == 5 else b"\x20\x02\x00\x05")
            client.close()
            return
        self.accepted.append(user)
        broker = socket.create_connection(("127.0.0.1", self.broker_port))
        # Who the client is was found out here; the broker behind lets everybody in.
        broker.sendall(packet)
        threading.Thread(target=relay, args=(broker, client), daemon=True).start()
        if expiry != float("inf"):
            alarm = threading.Timer(expiry - time.time(), self.expire, (user, client, broker))
            alarm.daemon = True
            alarm.start()
            relay(client, broker)
            alarm.cancel()
        else:
            relay(client, broker)

    def expire(self, user, client, broker):
        self.cut.append(user)
        for end in (client, broker):
            close(end)


def relay(source, sink):
    try:
        while received := source.recv(65536):
            sink.sendall(received)
    except OSError:
        pass
    for end in (source, sink):
        close(end)


def close(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass

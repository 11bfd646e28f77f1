"""A relay that reads MQTT and cuts the connections of devices at frames of the QoS 2 handshake."""

import socket
import threading

from doorway import Doorway

CONNECT = 1
HANDSHAKE = {3: "PUBLISH", 5: "PUBREC", 6: "PUBREL", 7: "PUBCOMP"}


def length(data):
    """Length of the first packet in some bytes, or None when more are needed."""
    remaining = 0
    for position in range(4):
        if position + 1 >= len(data):
            return None
        remaining |= (data[position + 1] & 0x7F) << (7 * position)
        if not data[position + 1] & 0x80:
            whole = position + 2 + remaining
            return whole if whole <= len(data) else None
    raise AssertionError("a remaining length of more than four digits")


class CuttingProxy(Doorway):
    """Cuts at every `nth` frame of the handshake, before and after the frame in turn."""

    def __init__(self, broker_port, device_prefix, nth):
        self.broker_port, self.device_prefix, self.nth = broker_port, device_prefix, nth
        self.lock = threading.Lock()
        self.frames = 0
        self.cuts = set()  # (name of the frame, whether it was let through)
        self.quiet = False
        super().__init__()

    def serve(self, client):
        broker = socket.create_connection(("127.0.0.1", self.broker_port))
        connection = {"device": False}
        for source, sink in ((client, broker), (broker, client)):
            sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.relay, args=(source, sink, connection), daemon=True).start()

    def relay(self, source, sink, connection):
        data = b""
        try:
            while received := source.recv(65536):
                data += received
                while data and (whole := length(data)):
                    packet, data = data[:whole], data[whole:]
                    kind = packet[0] >> 4
                    if kind == CONNECT:
                        connection["device"] = self.device_prefix in packet
                    cut = self.cut(kind) if connection["device"] else None
                    if cut != "before":
                        sink.sendall(packet)
                    if cut:
                        break
                else:
                    continue
                break
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self, kind):
        """Whether the connection ends at this frame: "before" it, "after" it, or not."""
        if kind not in HANDSHAKE or self.quiet:
            return None
        with self.lock:
            self.frames += 1
            if self.frames % self.nth:
                return None
            where = "after" if self.frames // self.nth % 2 else "before"
            self.cuts.add((HANDSHAKE[kind], where))
            return where

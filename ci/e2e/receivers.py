"""Receivers of HTTP and of MLLP, by other people's servers, that misbehave by number and store each message once."""

import asyncio
import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hl7.mllp import start_hl7_server


class Store:
    """Messages by their key, each written to a file when it is new."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.keys = set()
        self.repeated = 0
        path.touch()

    def put(self, key, topic, payload):
        with self.lock:
            if key in self.keys:
                self.repeated += 1
                return
            self.keys.add(key)
            with self.path.open("a") as file:
                file.write(json.dumps({"topic": topic, "payload": payload}) + "\n")


class Counter:
    """Numbers from 1."""

    def __init__(self):
        self.lock = threading.Lock()
        self.count = 0

    def next(self):
        with self.lock:
            self.count += 1
            return self.count


class Api:
    """An ingestion API over HTTP/1.1: 500, 429 with Retry-After, a reset before and one after storing, each in turn."""

    def __init__(self, store):
        self.store = store
        self.requests = Counter()
        self.said = {}
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                api.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # Devices whose link is cut reset their connections.
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_port}/ingest"

    def answer(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"])).decode()
        number = self.requests.next()
        manner = {0: "500", 3: "429", 6: "reset", 9: "stored and reset"}.get(number % 13, "200")
        self.said[manner] = self.said.get(manner, 0) + 1
        if manner in ("200", "stored and reset"):
            assert request.headers["Content-Type"] == "application/json"
            self.store.put(request.headers["Idempotency-Key"], request.path.removeprefix("/ingest/"), body)
        if "reset" in manner:
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.close_connection = True
            request.connection.close()
            return
        request.send_response(int(manner))
        if manner == "429":
            request.send_header("Retry-After", "1")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Engine:
    """An interface engine: python-hl7's MLLP server, which is late, says AE, acknowledges out of order, and hangs up before
    and after storing, each in turn."""

    def __init__(self, store):
        self.store = store
        self.count = 0
        self.said = {}
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(start_hl7_server(self.serve, host="127.0.0.1", port=0))
        self.url = f"mllp://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def serve(self, reader, writer):
        kept = None
        try:
            while not writer.is_closing():
                message = await reader.readmessage()
                self.count += 1
                manner = {0: "AE", 3: "late", 6: "hung up", 9: "stored and hung up", 11: "out of order"}.get(self.count % 13, "AA")
                self.said[manner] = self.said.get(manner, 0) + 1
                if manner == "late":
                    await asyncio.sleep(0.3)
                if manner not in ("AE", "hung up"):
                    self.store.put(str(message["MSH.F10"]), "", str(message))
                if "hung up" in manner:
                    break
                ack = message.create_ack("AE" if manner == "AE" else "AA")
                if manner == "out of order" and kept is None:
                    # Acknowledged behind the next one.
                    kept = ack
                    continue
                writer.writemessage(ack)
                if kept is not None:
                    writer.writemessage(kept)
                    kept = None
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    def __enter__(self):
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


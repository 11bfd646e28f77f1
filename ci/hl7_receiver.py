"""Messages of `iomt` over MLLP into a receiver of another author (python-hl7), which stores them in SQLite: what was
acknowledged is there, as it was said, and nothing twice.

    target/venv/bin/python ci/hl7_receiver.py
"""

import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from hl7.mllp import start_hl7_server

ROOT = Path(__file__).resolve().parent.parent


async def serve(store, lines, reader, writer):
    """Stores each message, tells what it has stored, and acknowledges."""
    while not writer.is_closing():
        try:
            message = await reader.readmessage()
        except (asyncio.IncompleteReadError, ConnectionResetError):
            break  # The step `cut` resets connections.
        header = message.segment("MSH")
        observed = [segment for segment in message if str(segment[0]) == "OBX"]
        rows = [(str(header[10]), str(obx[3]), str(obx[4]), str(obx[2]), str(obx[5]), str(obx[6])) for obx in observed]
        with store:
            store.execute("INSERT INTO message VALUES (?, ?, ?, ?)", (str(header[10]), str(header[9]), str(header[11]), str(message)))
            store.executemany("INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?)", rows)
            (text,) = store.execute("SELECT text FROM message ORDER BY rowid DESC LIMIT 1").fetchone()
        lines.write(json.dumps({"topic": "", "payload": text}) + "\n")
        lines.flush()
        writer.writemessage(message.create_ack("AA"))
        await writer.drain()


async def receive(folder):
    store = sqlite3.connect(folder / "store.sqlite")
    store.execute("CREATE TABLE message (control TEXT, kind TEXT, processing TEXT, text TEXT)")
    store.execute("CREATE TABLE observation (control TEXT, code TEXT, place TEXT, kind TEXT, value TEXT, unit TEXT)")
    stored = folder / "stored.jsonl"
    lines = stored.open("a")
    server = await start_hl7_server(lambda reader, writer: serve(store, lines, reader, writer), host="127.0.0.1", port=0)
    port = server.sockets[0].getsockname()[1]
    out = folder / "out"
    command = [ROOT / "target/release/iomt", "run", ROOT / "ci/hl7_receiver.toml", "--out", out]
    command += ["--set", f"engine=mllp://127.0.0.1:{port}", "--set", f"stored=file:{stored}"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    server.close()
    return store, done, json.loads((out / "run.json").read_text())


def main():
    with tempfile.TemporaryDirectory() as scratch:
        store, done, report = asyncio.run(receive(Path(scratch)))
        print(done.stdout)
        controls = Counter(control for (control,) in store.execute("SELECT control FROM message"))
        kinds = Counter(kind for (kind,) in store.execute("SELECT kind FROM message"))
        (observations,) = store.execute("SELECT count(*) FROM observation WHERE value <> ''").fetchone()
        (live,) = store.execute("SELECT count(*) FROM message WHERE processing <> 'T'").fetchone()
        twice = [control for control, count in controls.items() if count > 1]
        acknowledged = report["acked"]
        print(f"{acknowledged} acknowledged, {len(controls)} stored ({dict(kinds)}), {len(twice)} twice, {observations} values")
        if done.returncode != 0 or not acknowledged or twice or live or len(controls) != acknowledged or not observations:
            print(done.stderr)
            sys.exit("the receiver does not hold what it acknowledged, each once")


main()

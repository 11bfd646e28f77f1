"""Judges how the program judges a telephone app: real Bluetooth hosts, one good and three bad.

    python ci/judges/ble_app.py target/release/iomt

Runs scenarios/library/ble-app.toml four times side by side. Bumble (PyPI, `bumble==0.0.236`) attaches to three of them,
connects to every device and subscribes. One host does so again after the belts have cut it off, one forgets to, one stops
reading from its controller. The good one must pass, the others must fail by name, and the run without a host must not be
judged. What Bumble was told is counted here, and the program's figures must be the same. A machine that is too busy makes
runs inconclusive; then they are repeated. Exit code 0 when everything holds.
"""

import asyncio
import json
import logging
import re
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from bumble.core import UUID, AdvertisingData
from bumble.device import Device, Peer
from bumble.hci import Address
from bumble.transport import open_transport

PROGRAM = Path(sys.argv[1]).resolve()
SCENARIO = Path(__file__).resolve().parents[2] / "scenarios/library/ble-app.toml"
SETTINGS = ["hci=tcp://127.0.0.1:0", "warmup=10s", "length=32s", "cut=15s"]
ATTEMPTS = 4
DEVICES = 4
HEART_RATE, TEMPERATURE = UUID("2A37"), UUID("2A1C")


class App:
    """A host that listens to every device, and comes back when it loses one."""

    def __init__(self, device, transport, fault):
        self.device, self.transport, self.fault = device, transport, fault
        self.values = Counter()
        self.tasks = set()

    async def listen(self):
        addresses = {}

        def heard(advertisement):
            name = advertisement.data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
            if name:
                addresses[str(name)] = advertisement.address

        self.device.on("advertisement", heard)
        await self.device.start_scanning(active=True, filter_duplicates=False)
        while len(addresses) < DEVICES:
            await asyncio.sleep(0.05)
        await self.device.stop_scanning()
        self.device.remove_listener("advertisement", heard)
        for name, address in sorted(addresses.items()):
            await self.hold(name, address, subscribes=True)
        if self.fault == "stops reading":
            await asyncio.sleep(6)
            self.transport.pause_reading()

    async def hold(self, name, address, subscribes):
        connection = await self.device.connect(address)

        def lost(_):
            again = self.hold(name, address, subscribes=self.fault != "forgets to subscribe")
            self.tasks.add(asyncio.get_running_loop().create_task(again))

        connection.on("disconnection", lost)
        if not subscribes:
            return
        peer = Peer(connection)
        await peer.discover_all()
        for service in peer.services:
            for characteristic in service.characteristics:
                if characteristic.uuid in (HEART_RATE, TEMPERATURE):
                    kind = "belt" if characteristic.uuid == HEART_RATE else "thermometer"
                    await characteristic.subscribe(lambda _, kind=kind: self.values.update([kind]))


async def run(fault, out):
    """Runs the scenario with a host of this fault; gives the exit code, the report, and what the host was told."""
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "run", SCENARIO, *settings, "--out", out, "--force",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, limit=1 << 20,
    )
    told = Counter()
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        listening = re.search(r"tcp://(127\.0\.0\.1:\d+)", line)
        assert listening, line
        ended = asyncio.create_task(process.stdout.read())
        if fault == "nobody attaches":
            await ended
        else:
            transport = await open_transport(f"tcp-client:{listening[1]}")
            device = Device.with_hci("app", Address("F0:F1:F2:F3:F4:01"), transport.source, transport.sink)
            await device.power_on()
            app = App(device, transport.sink.transport, fault)
            listening = asyncio.create_task(app.listen())
            await ended
            listening.cancel()
            told = app.values
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return code, json.loads((Path(out) / "run.json").read_text()), told


def verdicts(report):
    return {expect["id"]: expect["verdict"] for expect in report["expect"]}


def received(report, kind):
    return sum(stream["received"] for stream in report["radio"]["hosts"] if stream["path"].split("/")[2] == kind)


def judge(fault, code, report, told):
    """What the verdict on a host of this fault must be."""
    found = verdicts(report)
    text = json.dumps([code, report["reasons"], found, told, report["radio"].get("hosts")], indent=1)
    hosts = {stream["path"]: stream for stream in report["radio"]["hosts"]}
    assert set(hosts) >= {"home/1/belt/heart_rate", "home/2/thermometer/temperature"}, text
    for stream in hosts.values():
        parts = ("received", "lost", "dropped_declared", "kept")
        assert stream["said"] == sum(stream[part] for part in parts), text
    if fault == "nobody attaches":
        assert code == 4 and report["delivered"] == 0, text
        assert any("a Bluetooth host attached: 0 at app" in reason for reason in report["reasons"]), text
        return
    # The last values may be on their way to Bumble when the program ends.
    for kind in ("belt", "thermometer"):
        assert 0 <= received(report, kind) - told[kind] <= (4 if fault == "stops reading" else 1), text
    belts = [device for device in report["radio"]["devices"] if device["path"].endswith("belt")]
    if fault is None:
        assert code == 0 and set(found.values()) == {"pass"}, text
        assert all(belt["links"] == 2 for belt in belts), text
    elif fault == "forgets to subscribe":
        assert code == 1 and found["no belt is silent for long"] == "fail", text
        assert found["the app comes back"] == "pass" and found["nothing is lost on its way to the app"] == "pass", text
        assert sum(hosts[path]["dropped_declared"] for path in hosts if "/belt/" in path) > 10, text
    else:
        assert code == 1 and found["no belt is silent for long"] == "fail", text
        assert found["nothing is lost on its way to the app"] == "fail", text
        assert found["temperatures are confirmed"] == "fail", text


def is_too_busy(report):
    """Whether the machine did not let the program keep up."""
    return any("generator" in reason for reason in report["reasons"])


async def attempt(fault, folder):
    for number in range(ATTEMPTS):
        code, report, told = await asyncio.wait_for(run(fault, f"{folder}/{number}"), 120)
        if not is_too_busy(report):
            judge(fault, code, report, told)
            return f"{fault or 'a good host'}: exit code {code}, {report['delivered']} of {report['generated']} taken"
    raise AssertionError(f"{ATTEMPTS} runs, and the machine was too busy for each")


async def main():
    logging.disable(logging.CRITICAL)
    faults = [None, "forgets to subscribe", "stops reading", "nobody attaches"]
    with tempfile.TemporaryDirectory() as folder:
        attempts = [attempt(fault, f"{folder}/{number}") for number, fault in enumerate(faults)]
        for outcome in await asyncio.gather(*attempts):
            print(f"PASS {outcome}", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except Exception:
        print("FAIL", traceback.format_exc(), flush=True)
        sys.exit(1)

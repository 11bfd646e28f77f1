"""Judges a Bluetooth ward of the program with a real host on the same air.

    python ci/judges/ble_ward.py target/release/iomt [OUT]

Runs scenarios/library/ble-ward.toml against Mosquitto with a port of its own choice for hosts. Bumble (PyPI,
`bumble==0.0.236`), an independent implementation of HCI, L2CAP, ATT and SMP, attaches while four simulated hubs work and
one of them dies: it scans, listens to a belt that a hub listens to as well, pairs with a glucose sensor by the digits of
`iomt plan --json`, fetches its records, and vanishes in the middle of a connection. After the run the program's verdict,
its reports and its own books must agree. Prints what it measured; exit code 0
when everything holds.
"""

import asyncio
import json
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bumble.core import UUID, AdvertisingData
from bumble.device import Device, Peer
from bumble.hci import Address
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport import open_transport

PROGRAM = Path(sys.argv[1]).resolve()
ROOT = Path(__file__).resolve().parent.parent.parent
SCENARIO = ROOT / "scenarios/library/ble-ward.toml"
OUT = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.mkdtemp()) / "ward"

HEART_RATE, GLUCOSE, RECORD_ACCESS = UUID("2A37"), UUID("2AA7"), UUID("2A52")


def passkeys():
    """The digits of every device that demands some, by path."""
    plan = json.loads(subprocess.run([PROGRAM, "plan", SCENARIO, "--json"], capture_output=True, check=True).stdout)
    devices = [device for patient in plan["patients"] for device in patient["devices"]]
    assert len(devices) == 72, len(devices)
    return {device["path"]: device["radio"]["passkey"] for device in devices if device["radio"]["passkey"]}


class Digits(PairingDelegate):
    """Types what it was told."""

    def __init__(self, digits):
        super().__init__(PairingDelegate.IoCapability.KEYBOARD_INPUT_ONLY)
        self.digits = digits

    async def get_number(self):
        return self.digits


async def names_on_air(device, seconds):
    names = {}

    def heard(advertisement):
        name = advertisement.data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        if name:
            names[str(name)] = advertisement.address

    device.on("advertisement", heard)
    await device.start_scanning(active=True, filter_duplicates=False)
    await asyncio.sleep(seconds)
    await device.stop_scanning()
    device.remove_listener("advertisement", heard)
    return names


async def discover(connection):
    peer = Peer(connection)
    await peer.request_mtu(247)
    await peer.discover_all()
    return peer


def find(peer, uuid):
    for service in peer.services:
        for characteristic in service.characteristics:
            if characteristic.uuid == uuid:
                return characteristic
    raise AssertionError(f"no characteristic {uuid}")


async def listen_to_a_belt(device, names):
    """A belt that a hub holds takes a second link: the values are those of its patient, one a second."""
    name = next(name for name in sorted(names) if name.endswith("-belt"))
    connection = await device.connect(names[name])
    peer = await discover(connection)
    serial = bytes(await find(peer, UUID("2A25")).read_value()).decode()
    assert serial == name, (serial, name)
    values = []
    await find(peer, HEART_RATE).subscribe(lambda value: values.append((time.monotonic(), bytes(value))))
    await asyncio.sleep(12)
    rates = [value[1] if not value[0] & 1 else struct.unpack_from("<H", value, 1)[0] for _, value in values]
    assert len(values) >= 10, f"{len(values)} heart rates in 12 s"
    assert all(30 <= rate <= 220 for rate in rates), rates
    await connection.disconnect()
    return f"{name}: {len(values)} heart rates in 12 s, {min(rates)} to {max(rates)} /min"


async def fetch_records(device, names, digits):
    """A sensor that demands six digits tells its history by RACP; a wrong number is refused."""
    cohort, patient, kind = path = "diabetic/1/cgm".split("/")
    name = f"{cohort}-{int(patient):04}-{kind}"
    passkey = digits["/".join(path)]
    for typed, works in ((int(passkey) ^ 1, False), (int(passkey), True)):
        device.pairing_config_factory = lambda _, typed=typed: PairingConfig(
            sc=True, mitm=True, bonding=True, delegate=Digits(typed)
        )
        connection = await device.connect(names[name])
        paired = True
        try:
            await asyncio.wait_for(connection.pair(), 10)
        except Exception as error:  # pairing failures have several types
            paired = False
            assert not works, f"{name}: {error!r}"
        assert paired == works, (name, typed)
        if not works:
            await connection.disconnect()
    peer = await discover(connection)
    records, answers = [], []
    await find(peer, GLUCOSE).subscribe(lambda value: records.append(bytes(value)))
    access = find(peer, RECORD_ACCESS)
    await access.subscribe(lambda value: answers.append(bytes(value)))
    await access.write_value(bytes([0x01, 0x01]), with_response=True)
    for _ in range(200):
        if answers:
            break
        await asyncio.sleep(0.05)
    assert answers and answers[-1] == bytes([0x06, 0x00, 0x01, 0x01]), answers
    assert records, "no records"
    await connection.disconnect()
    return f"{name}: a wrong number refused, {len(records)} records by RACP after pairing with {passkey}"


async def judge():
    told = []
    digits = passkeys()
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "run", SCENARIO, "--set", "broker=mosquitto", "--set", "hci=tcp://127.0.0.1:0", "--out", OUT, "--force",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=1 << 20,
    )
    errors = asyncio.create_task(process.stderr.read())
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        listening = re.search(r"tcp://(127\.0\.0\.1:\d+)", line)
        assert listening, line
        rest = asyncio.create_task(process.stdout.read())
        address = listening.group(1)
        async with await open_transport(f"tcp-client:{address}") as (source, sink):
            device = Device.with_hci("judge", Address("F0:F1:F2:F3:F4:01"), source, sink)
            device.keystore = MemoryKeyStore()
            await device.power_on()
            await asyncio.sleep(12)
            names = await names_on_air(device, 8)
            assert len(names) >= 68, f"{len(names)} of 72 names: {sorted(names)}"
            told.append(f"{len(names)} of 72 devices seen by name in 8 s, {len(digits)} of them with a passkey")
            told.append(await listen_to_a_belt(device, names))
            told.append(await fetch_records(device, names, digits))
            # Vanishes with a link open: the device must come back to the air.
            lost = next(name for name in sorted(names) if name.endswith("-oximeter"))
            await device.connect(names[lost])
        async with await open_transport(f"tcp-client:{address}") as (source, sink):
            device = Device.with_hci("judge again", Address("F0:F1:F2:F3:F4:02"), source, sink)
            await device.power_on()
            await asyncio.sleep(7)
            names = await names_on_air(device, 5)
            assert lost in names, f"{lost} does not advertise again"
            told.append(f"{lost} advertises again after its host has vanished")
        output = (await asyncio.wait_for(rest, 240)).decode()
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        errors.cancel()
    assert code == 0, f"exit code {code}\n{output}"
    run = json.loads((OUT / "run.json").read_text())
    radio = run["radio"]
    assert radio["endpoints"][0]["listen"].endswith(address) and radio["endpoints"][0]["hosts"] == 2, radio["endpoints"]
    written = {device["path"]: device["passkey"] for device in radio["devices"] if "passkey" in device}
    assert written == digits, "run.json and the plan disagree about passkeys"
    handed_on = sum(gateway["handed_on"] for gateway in radio["gateways"])
    repeated = sum(gateway["repeated"] for gateway in radio["gateways"])
    assert run["duplicates"] == repeated, (run["duplicates"], repeated)
    assert handed_on == run["delivered"] + repeated, (handed_on, run["delivered"], repeated)
    stored = next(expect for expect in run["expect"] if expect["that"].startswith("completeness == 100%"))
    assert stored["verdict"] == "pass", stored
    told.append(
        f"verdict {run['verdict']}: {run['delivered']} of {run['generated']} delivered, {run['dropped_declared']} declared "
        f"({radio['given_up']}), {run['duplicates']} duplicates, all repeated by another hub; stored values {stored['reads']}"
    )
    captures = sorted(OUT.glob("*.btsnoop"))
    assert len(captures) == 2, captures
    told.append(f"captures: {', '.join(f'{capture.name} {capture.stat().st_size} octets' for capture in captures)}")
    return told


for line in asyncio.run(judge()):
    print(line)

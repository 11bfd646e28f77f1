"""Judges the virtual controllers with a real Bluetooth host as central.

    python ci/judges/ble_ladder.py target/release/examples/air [STEP...]

The host is Bumble (PyPI, `bumble==0.0.236`): an independent implementation of HCI, L2CAP, ATT and SMP. Every step starts
the example `air` of the crate `hci` on a free port of 127.0.0.1 and prints `PASS` or `FAIL` with what it measured.
Exit code 0 when every step passes.
"""

import asyncio
import contextlib
import logging
import math
import random
import re
import struct
import sys
import tempfile
import time
import traceback

from bumble.core import UUID, AdvertisingData
from bumble.device import Device, Peer
from bumble.gatt import Characteristic
from bumble.hci import Address
from bumble.keys import MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport import open_transport

AIR = sys.argv[1]


class Air:
    """The example, and what it prints."""

    def __init__(self, process, lines):
        self.process, self.lines = process, lines
        self.address = None

    async def read(self):
        async for line in self.process.stdout:
            line = line.decode().strip()
            self.lines.append(line)
            if line.startswith("READY"):
                self.address = line.split()[1]

    async def wait_for(self, pattern, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(re.search(pattern, line) for line in self.lines):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{pattern!r} was not seen within {seconds} s")

    async def fault(self, text):
        self.process.stdin.write(f"{text}\n".encode())
        await self.wait_for(f"^FAULT {re.escape(text)}$")


@contextlib.asynccontextmanager
async def air(*arguments):
    process = await asyncio.create_subprocess_exec(
        AIR, "--tcp", "127.0.0.1:0", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )
    site = Air(process, [])
    reader = asyncio.create_task(site.read())
    try:
        await site.wait_for("^READY")
        yield site
    finally:
        process.kill()
        await process.wait()
        reader.cancel()


@contextlib.asynccontextmanager
async def host(site, number=1, transport=None):
    async with await open_transport(transport or f"tcp-client:{site.address}") as (source, sink):
        device = Device.with_hci(f"host {number}", Address(f"F0:F1:F2:F3:F4:{number:02X}"), source, sink)
        device.keystore = MemoryKeyStore()
        await device.power_on()
        yield device


async def scan(device, seconds=2.0, legacy=False, active=True):
    """Scans; gives names with addresses, all addresses, and the number of reports."""
    names, addresses, reports = {}, {}, []

    def heard(advertisement):
        reports.append(advertisement)
        addresses[str(advertisement.address)] = advertisement.address
        name = advertisement.data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        if name:
            names[str(name)] = advertisement.address

    device.on("advertisement", heard)
    await device.start_scanning(legacy=legacy, active=active, filter_duplicates=False)
    await asyncio.sleep(seconds)
    await device.stop_scanning(legacy=legacy)
    device.remove_listener("advertisement", heard)
    return names, addresses, reports


async def discover(connection, mtu=247):
    peer = Peer(connection)
    if mtu:
        await peer.request_mtu(mtu)
    await peer.discover_all()
    return peer


def find(peer, uuid):
    uuid = UUID(uuid)
    for service in peer.services:
        for characteristic in service.characteristics:
            if characteristic.uuid == uuid:
                return characteristic
    raise AssertionError(f"no characteristic {uuid}")


async def collect(characteristic, count, seconds=10.0):
    """Subscribes and waits for so many values."""
    values = []
    await characteristic.subscribe(lambda value: values.append(bytes(value)))
    end = time.monotonic() + seconds
    while len(values) < count and time.monotonic() < end:
        await asyncio.sleep(0.02)
    assert len(values) >= count, f"{len(values)} of {count} values of {characteristic.uuid}"
    return values


KINDS = ["hrs", "hts", "bps", "gls", "cgm", "plx", "wss", "bcs", "ids", "cts", "ecg"]


async def step_1_initialises():
    async with air() as site, host(site) as device:
        assert str(device.public_address) != "00:00:00:00:00:00/P"
        _, addresses, _ = await scan(device, 1.5)
        assert len(addresses) == 15, addresses
        return f"{len(addresses)} advertisers, controller {device.public_address}"


async def step_2_scans():
    async with air() as site, host(site) as device:
        extended, _, _ = await scan(device, 1.5, legacy=False)
        legacy, _, _ = await scan(device, 1.5, legacy=True)
        passive, _, reports = await scan(device, 1.5, active=False)
        assert len(extended) == len(legacy) == 15, (extended, legacy)
        assert not passive and reports, "names are in scan responses"
        return "15 names by each kind of scan, none without asking"


async def step_3_connects():
    async with air() as site, host(site) as device:
        names, _, _ = await scan(device)
        characteristics = 0
        for name in KINDS:
            connection = await device.connect(names[name])
            peer = await discover(connection)
            for service in peer.services:
                for characteristic in service.characteristics:
                    characteristics += 1
                    if characteristic.properties & Characteristic.Properties.READ:
                        await characteristic.read_value()
            assert (await find(peer, "2A00").read_value()).decode() == name
            assert len(await find(peer, "2A24").read_value()) == 61
            await connection.disconnect()
        # A long value over the smallest MTU.
        connection = await device.connect(names["hrs"])
        peer = await discover(connection, mtu=None)
        assert len(await find(peer, "2A24").read_value()) == 61
        rssi = await connection.get_rssi()
        assert -80 < rssi < -20, rssi
        await connection.disconnect()
        return f"{len(KINDS)} devices, {characteristics} characteristics discovered, all readable ones read, RSSI {rssi}"


EXPECTED = {
    ("hrs", "2A37"): r"16..0004ec03",
    ("hts", "2A1C"): "06700100ffea07010f081e0002",
    ("bps", "2A35"): "1e780050005d00ea07010f081e004800010000",
    ("bps", "2A36"): "009600ff07ff07",
    ("cgm", "2AA7"): "0c0368009600f4ff6200....",
    ("plx", "2A5F"): "106100480019e0",
    ("wss", "2A9D"): "0ea438ea07010f081e0001e0000807",
    ("bcs", "2A9C"): "0000b900",
    ("ids", "2B21"): "5596e1f501",
}


async def step_4_streams():
    async with air() as site, host(site) as device:
        names, _, _ = await scan(device)
        for (name, uuid), pattern in EXPECTED.items():
            connection = await device.connect(names[name])
            peer = await discover(connection)
            for value in await collect(find(peer, uuid), 2):
                assert re.fullmatch(pattern, value.hex()), (name, uuid, value.hex())
            await connection.disconnect()
        connection = await device.connect(names["ecg"])
        peer = await discover(connection)
        vendor = "5E1F{}-7EC6-4E0B-9D2A-1B0C5D3A8E10"
        answers, packets = [], []
        control = find(peer, vendor.format("0004"))
        await control.subscribe(lambda value: answers.append(bytes(value)))
        await find(peer, vendor.format("0002")).subscribe(lambda value: packets.append(bytes(value)))
        await control.write_value(bytes([1, 250, 0, 0b10]), with_response=True)
        await asyncio.sleep(6)
        samples = []
        for number, packet in enumerate(packets):
            sequence, _, mask, _, count = struct.unpack_from("<HIBBB", packet)
            assert sequence == number and mask == 0b10 and len(packet) == 9 + 2 * count
            samples += struct.unpack_from(f"<{count}h", packet, 9)
        assert answers[0] == bytes([0x10, 1, 1]), answers
        assert all((b - a) % 1000 == 1 for a, b in zip(samples, samples[1:])), "a sample is missing"
        assert 1300 < len(samples) < 1600, len(samples)
        return f"{len(EXPECTED)} kinds of values as specified, {len(samples)} ECG samples without a gap in 6 s"


async def step_5_record_access():
    async with air() as site, host(site) as device:
        names, _, _ = await scan(device)
        counts = []
        for name, measurement, stored in (("gls", "2A18", 20), ("cgm", "2AA7", 30)):
            connection = await device.connect(names[name])
            peer = await discover(connection)
            control = find(peer, "2A52")
            try:
                await control.write_value(bytes([1, 1]), with_response=True)
                raise AssertionError("a write before the subscription was accepted")
            except Exception as error:
                assert getattr(error, "error_code", None) == 0xFD, error
            records, answers = [], []
            await find(peer, measurement).subscribe(lambda value: records.append(bytes(value)))
            await control.subscribe(lambda value: answers.append(bytes(value)))

            async def ask(request):
                answers.clear()
                await control.write_value(bytes(request), with_response=True)
                for _ in range(500):
                    if answers:
                        return answers[0].hex()
                    await asyncio.sleep(0.02)
                raise AssertionError(f"no answer to {request}")

            assert await ask([4, 1]) == f"0500{stored:02x}00"
            records.clear()
            assert await ask([1, 1]) == "06000101"
            read = [record for record in records if len(record) > 7]
            assert len(read) >= stored, (len(read), stored)
            counts.append(len(read))
            assert await ask([0x3F, 1]) == "06003f02"
            assert await ask([1, 0]) == "06000103"
            await connection.disconnect()
        connection = await device.connect(names["cgm"])
        peer = await discover(connection)
        operations, answers = find(peer, "2AAC"), []
        await operations.subscribe(lambda value: answers.append(bytes(value)))
        await operations.write_value(bytes.fromhex("02") + checksum(bytes([2])), with_response=True)
        await asyncio.sleep(0.5)
        assert answers[0].hex() == "03057d8d", answers
        try:
            await operations.write_value(bytes([2, 0, 0]), with_response=True)
            raise AssertionError("a wrong checksum was accepted")
        except Exception as error:
            assert getattr(error, "error_code", None) == 0x81, error
        return f"{counts} records read out; interval read with checksum, wrong checksum refused"


def checksum(octets):
    value = 0xFFFF
    for octet in octets:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
    return struct.pack("<H", value)


class Typist(PairingDelegate):
    def __init__(self, passkey):
        capability = PairingDelegate.NO_OUTPUT_NO_INPUT if passkey is None else PairingDelegate.KEYBOARD_INPUT_ONLY
        super().__init__(capability)
        self.passkey = passkey

    async def get_number(self):
        return self.passkey


async def step_6_pairs():
    cases = [
        # device, Secure Connections offered, passkey typed, whether it works
        ("sc-works", True, None, True),
        ("sc-works", False, None, True),
        ("legacy-works", True, None, True),
        ("sc-passkey", True, 123456, True),
        ("legacy-passkey", True, 654321, True),
        ("sc-passkey", True, 123457, False),
        ("legacy-passkey", True, 654320, False),
        ("sc-passkey", True, None, False),
    ]
    async with air() as site, host(site) as device:
        names, _, _ = await scan(device)
        for name, secure, passkey, works in cases:
            delegate = Typist(passkey)
            device.pairing_config_factory = lambda _: PairingConfig(
                sc=secure, mitm=passkey is not None, bonding=True, delegate=delegate
            )
            connection = await device.connect(names[name])
            peer = await discover(connection)
            level = find(peer, "2A19")
            try:
                await level.read_value()
                raise AssertionError("read without a key")
            except Exception as error:
                assert getattr(error, "error_code", None) in (0x05, 0x0F), error
            paired = True
            try:
                await asyncio.wait_for(connection.pair(), 8)
            except Exception as error:  # pairing failures have several types
                paired = False
                assert not works, f"{name}: {error!r}"
            assert paired == works, (name, secure, passkey)
            if works:
                assert await level.read_value() == b"\x57"
                await connection.disconnect()
                connection = await device.connect(names[name])
                await asyncio.wait_for(connection.encrypt(), 5)
                assert connection.is_encrypted
                assert await find(await discover(connection), "2A19").read_value() == b"\x57"
            await connection.disconnect()
        # The peripheral loses its bond: encryption fails with "key missing", and pairing anew helps.
        device.pairing_config_factory = lambda _: PairingConfig(sc=True, mitm=False, bonding=True, delegate=Typist(None))
        await site.fault("forget sc-works")
        connection = await device.connect(names["sc-works"])
        try:
            await asyncio.wait_for(connection.encrypt(), 5)
            raise AssertionError("encrypted without a bond")
        except Exception as error:
            assert getattr(error, "error_code", None) == 0x06, error
        return "Just Works and passkey, both kinds; bonded reconnects; wrong passkey 0x04; lost bond 0x06"


async def step_8_crowd():
    seconds = 20
    async with air("--crowd", "1000", "--sensors", "20") as site, host(site) as device:
        start = time.monotonic()
        _, addresses, reports = await scan(device, seconds, active=False)
        elapsed = time.monotonic() - start
        # All advertisers hear each other: 1000 at 1 s with 7 octets, 35 at 0.1 s with 7; 188 or so us each.
        airtime = 8 * (1 + 4 + 2 + 6 + 7 + 3) * 1e-6
        load = (1000 / 1.0 + 35 / 0.1) * airtime
        crowd = [report for report in reports if not report.is_connectable]
        expected = elapsed / 1.005 * 1000 * math.exp(-2 * load)
        ratio = len(crowd) / expected
        assert abs(ratio - 1) < 0.10, f"{len(crowd)} reports, {expected:.0f} expected"
        names, _, _ = await scan(device, 3)
        values, connections = {}, []
        for number in range(20):
            name = f"hr-{number}"
            connection = await device.connect(names[name])
            connections.append(connection)
            peer = await discover(connection)
            values[name] = []
            await find(peer, "2A37").subscribe(lambda value, name=name: values[name].append(bytes(value)))
        for collected in values.values():
            collected.clear()
        await asyncio.sleep(10)
        fewest = min(len(collected) for collected in values.values())
        assert fewest >= 9, {name: len(collected) for name, collected in values.items()}
        return f"{len(crowd)} reports of 1000 advertisers, {ratio:.3f} of the model; 20 links, at least {fewest} of 10 values each"


async def step_9_two_hosts():
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/hci"
        async with air("--unix", socket) as site, host(site, 1) as first, host(site, 2, f"unix:{socket}") as second:
            assert first.public_address != second.public_address
            (names, _, _), (other_names, _, _) = await asyncio.gather(scan(first), scan(second))
            assert names == other_names
            one, two = await asyncio.gather(first.connect(names["hrs"]), second.connect(names["plx"]))
            peers = await asyncio.gather(discover(one), discover(two))
            await asyncio.gather(collect(find(peers[0], "2A37"), 3), collect(find(peers[1], "2A5F"), 3))
            # A peripheral with one link is silent for the others while it lasts.
            names, _, _ = await scan(second)
            assert "hrs" not in names and "hts" in names, names
            await one.disconnect()
            names, _, _ = await scan(second)
            assert "hrs" in names
            return "TCP and Unix socket at once, each with its own link"


async def step_10_losses():
    async with air() as site, host(site) as device:
        names, _, _ = await scan(device)
        connection = await device.connect(names["hrs"], connection_parameters_preferences=None)
        peer = await discover(connection)
        await site.fault("loss hrs 0.2")
        values = await collect(find(peer, "2A37"), 8, 12)
        rates = [value[1] for value in values]
        assert all((b - a) % 40 == 1 for a, b in zip(rates, rates[1:])), rates
        reasons = []
        connection.on("disconnection", reasons.append)
        start = time.monotonic()
        await site.fault("range hrs out")
        while not reasons and time.monotonic() < start + 20:
            await asyncio.sleep(0.02)
        assert reasons == [0x08], reasons
        took = time.monotonic() - start
        await site.fault("range hrs in")
        await site.fault("loss hrs 0")
        connection = await device.connect(names["hrs"])
        return f"no value lost at 20 % packet loss; out of range ends with 0x08 after {took:.1f} s; reconnected"


async def step_11_host_dies():
    async with air() as site:
        async with host(site) as device:
            names, _, _ = await scan(device)
            connection = await device.connect(names["hrs"])
            await discover(connection)
        await site.wait_for("^Left")
        await site.wait_for(r"Disconnected .* reason: 8 ", 20)
        async with host(site, 2) as device:
            names, _, _ = await scan(device)
            assert "hrs" in names, "not advertising again"
            await device.connect(names["hrs"])
        return "the peripheral sees 0x08 and advertises again"


async def step_12_split_writes():
    """A proxy that cuts and joins the octets between host and controller in pieces of 1 to 64."""
    async with air() as site:
        address, port = site.address.rsplit(":", 1)
        draws = random.Random(1)

        async def relay(reader, writer):
            buffer = b""
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(4096):
                    buffer += data
                    while buffer:
                        size = draws.randint(1, 64)
                        writer.write(buffer[:size])
                        buffer = buffer[size:]
                        await writer.drain()
                        if draws.random() < 0.1:
                            await asyncio.sleep(0.001)
            writer.close()

        async def proxy(reader, writer):
            far_reader, far_writer = await asyncio.open_connection(address, int(port))
            await asyncio.gather(relay(reader, far_writer), relay(far_reader, writer))

        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        split = f"tcp-client:127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with host(site, 1, split) as device:
            names, _, _ = await scan(device)
            connection = await device.connect(names["cgm"])
            peer = await discover(connection)
            await collect(find(peer, "2AA7"), 3)
            await connection.disconnect()
        server.close()
        # Garbage ends that attachment only.
        reader, writer = await asyncio.open_connection(address, int(port))
        writer.write(b"\x77\x00\x01")
        assert await asyncio.wait_for(reader.read(), 5) == bytes.fromhex("04100101")
        writer.close()
        async with host(site, 2) as device:
            assert (await scan(device))[0]
        return "discovery and values through pieces of 1 to 64 octets; garbage is answered and cut off"


async def step_13_captures():
    """Wireshark reads what passed between host and controller without finding a malformed packet."""
    with tempfile.TemporaryDirectory() as folder:
        async with air("--capture", folder) as site, host(site) as device:
            names, _, _ = await scan(device)
            delegate = Typist(123456)
            device.pairing_config_factory = lambda _: PairingConfig(sc=True, mitm=True, bonding=True, delegate=delegate)
            connection = await device.connect(names["sc-passkey"])
            await connection.pair()
            await discover(connection)
            await connection.disconnect()
            for name, uuid in (("cgm", "2AA7"), ("bps", "2A35")):
                connection = await device.connect(names[name])
                await collect(find(await discover(connection), uuid), 2)
                await connection.disconnect()

        async def tshark(filter):
            process = await asyncio.create_subprocess_exec(
                "tshark", "-r", f"{folder}/tcp-1.btsnoop", "-Y", filter,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )
            output, _ = await process.communicate()
            assert process.returncode == 0, "tshark failed"
            return output.decode().splitlines()

        # Errors only (0x800000): Wireshark 4.0 warns that a CGM record of twelve octets is smaller than six.
        bad = await tshark("_ws.malformed || _ws.expert.severity >= 8388608")
        assert not bad, bad
        counts = {name: len(await tshark(name)) for name in ("bthci_cmd", "bthci_evt", "btatt", "btsmp")}
        assert all(count > 10 for count in counts.values()), counts
        return f"tshark finds nothing malformed in {counts}"


async def main():
    logging.disable(logging.CRITICAL)
    steps = {name.split("_")[1]: step for name, step in globals().items() if name.startswith("step_")}
    failed = 0
    for number in sys.argv[2:] or steps:
        start = time.monotonic()
        try:
            outcome = await asyncio.wait_for(steps[number](), 120)
            print(f"PASS {number:>2} {outcome} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {number:>2}", traceback.format_exc(), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

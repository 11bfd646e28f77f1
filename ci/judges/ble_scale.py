"""Judges a crowd of a thousand Bluetooth devices of the built program with a real host.

    python ci/judges/ble_scale.py target/release/iomt

The host is Bumble (PyPI, `bumble==0.0.236`). A scenario of 1 000 heart rate belts on one site, which nobody but the host
listens to, runs in real time. The host scans, and what it hears is compared with what unslotted access predicts; then it
holds links to 20 belts at once and counts their values. Prints `PASS` or `FAIL` with what it measured, the program's CPU
time and the machine's load, which are for information: nothing here judges speed. Exit code 0 when all pass.
"""

import asyncio
import contextlib
import logging
import math
import os
import re
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from bumble.core import UUID
from bumble.device import Device, Peer
from bumble.hci import Address
from bumble.transport import open_transport

BELTS = 1000
INTERVAL_S = 1.0
LINKS = 20
SCAN_S = 20
STREAM_S = 30
HEART_RATE_MEASUREMENT = UUID("2A37")

# Beds at 1 m: everybody hears everybody clearly, so that only collisions lose advertisements.
SCENARIO = f"""
format   = 1
scenario = "crowd"
seed     = 1

[time]
length = "10m"

[target.host]
kind   = "hci"
listen = "tcp://127.0.0.1:0"

[link.air]
carrier   = "ble"
to        = "host"
advertise = "{INTERVAL_S:g}s"

[[cohort]]
id      = "p"
count   = {BELTS}
patient = {{ model = "adult_home" }}
place   = {{ spacing = "1 m", columns = 32 }}

  [[cohort.device]]
  id     = "belt"
  kind   = "heart_rate_belt"
  link   = "air"
  stream = {{ heart_rate = "1s" }}
"""


class Program:
    """The program as it runs the scenario."""

    def __init__(self, process, lines):
        self.process, self.lines = process, lines

    async def read(self, stream):
        async for line in stream:
            self.lines.append(line.decode().rstrip())

    async def address(self, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.lines:
                if found := re.search(r"attach to target `host` at tcp:(?://)?([\d.]+:\d+)", line):
                    return found[1]
            await asyncio.sleep(0.05)
        raise AssertionError("nothing to attach to:\n" + "\n".join(self.lines))

    def cpu_seconds(self):
        """User and system time so far, or NaN where /proc is not that of Linux."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return math.nan
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) / 1024
        return math.nan


@contextlib.asynccontextmanager
async def program(path):
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "crowd.toml"
        scenario.write_text(SCENARIO)
        process = await asyncio.create_subprocess_exec(
            path, "run", str(scenario), "--out", f"{folder}/out",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=1 << 20,
        )
        running = Program(process, [])
        readers = [asyncio.create_task(running.read(stream)) for stream in (process.stdout, process.stderr)]
        try:
            yield running
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
                try:
                    await asyncio.wait_for(process.wait(), 30)
                except asyncio.TimeoutError:
                    process.kill()
                    await process.wait()
            await asyncio.gather(*readers)


class Share:
    """Share of one core that the program takes between two moments."""

    def __init__(self, running):
        self.running, self.cpu, self.clock = running, running.cpu_seconds(), time.monotonic()

    def text(self):
        share = (self.running.cpu_seconds() - self.cpu) / (time.monotonic() - self.clock)
        return f"{share:.3f} of a core, {self.running.resident_mib():.0f} MiB, load average {os.getloadavg()[0]:.1f}"


async def hear(device, running):
    """What a passive scan hears, against what collisions leave of it; gives the addresses heard."""
    reports = []
    device.on("advertisement", reports.append)
    share, start = Share(running), time.monotonic()
    await device.start_scanning(active=False, filter_duplicates=False)
    await asyncio.sleep(SCAN_S)
    await device.stop_scanning()
    elapsed, cpu = time.monotonic() - start, share.text()
    device.remove_listener("advertisement", reports.append)

    addresses = {str(report.address): report.address for report in reports}
    assert len(addresses) == BELTS, f"{len(addresses)} of {BELTS} belts were heard"
    # Preamble, access address, header, advertiser's address, data, CRC at 1 Mbit/s; a random delay of 0 to 10 ms is
    # added to every interval; a packet is vulnerable for twice its length (Abramson 1970).
    sizes = {len(bytes(report.data)) for report in reports}
    assert len(sizes) == 1, f"advertisements of several sizes: {sizes}"
    size = sizes.pop()
    airtime_s = 8 * (1 + 4 + 2 + 6 + size + 3) * 1e-6
    period_s = INTERVAL_S + 0.005
    expected = elapsed / period_s * BELTS * math.exp(-2 * (BELTS - 1) * airtime_s / INTERVAL_S)
    ratio = len(reports) / expected
    assert abs(ratio - 1) < 0.10, f"{len(reports)} reports, {expected:.0f} expected"
    outcome = f"{len(reports)} reports of {BELTS} belts with {size} octets in {elapsed:.1f} s, {ratio:.3f} of the model"
    return addresses, f"{outcome}; {cpu}"


async def stream(device, running, addresses):
    """Links to several belts at once, among all the others that still advertise."""
    start = time.monotonic()
    values, lost = {}, []
    for address in sorted(addresses)[:: BELTS // LINKS][:LINKS]:
        connection = await asyncio.wait_for(device.connect(addresses[address]), 20)
        connection.on("disconnection", lost.append)
        peer = Peer(connection)
        await peer.request_mtu(247)
        await peer.discover_all()
        measurement = next(
            characteristic
            for service in peer.services
            for characteristic in service.characteristics
            if characteristic.uuid == HEART_RATE_MEASUREMENT
        )
        values[address] = collected = []
        await measurement.subscribe(lambda value, collected=collected: collected.append(bytes(value)))
    took = time.monotonic() - start
    for collected in values.values():
        collected.clear()
    share = Share(running)
    await asyncio.sleep(STREAM_S)
    cpu = share.text()
    counts = [len(collected) for collected in values.values()]
    assert not lost, f"links ended: {lost}"
    assert STREAM_S - 1 <= min(counts) and max(counts) <= STREAM_S + 1, counts
    rates = [value[1] for collected in values.values() for value in collected]
    assert all(30 <= rate <= 220 for rate in rates), f"{min(rates)} to {max(rates)} /min"
    outcome = f"{LINKS} links in {took:.1f} s, {min(counts)} to {max(counts)} values each in {STREAM_S} s"
    return f"{outcome}, {min(rates)} to {max(rates)} /min; {cpu}"


async def main(path):
    logging.disable(logging.CRITICAL)
    async with program(path) as running:
        address = await running.address()
        async with await open_transport(f"tcp-client:{address}") as (source, sink):
            device = Device.with_hci("host", Address("F0:F1:F2:F3:F4:01"), source, sink)
            await device.power_on()
            addresses, outcome = await asyncio.wait_for(hear(device, running), 60)
            print(f"PASS advertisers: {outcome}", flush=True)
            outcome = await asyncio.wait_for(stream(device, running, addresses), 180)
            print(f"PASS links: {outcome}", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main(sys.argv[1]))
    except Exception:
        print("FAIL", traceback.format_exc(), flush=True)
        sys.exit(1)

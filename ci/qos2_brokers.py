"""Messages of QoS 2 through cuts at every frame of the handshake, at brokers of other authors.

    ci/qos2_brokers.py NATS_SERVER NODE_FOLDER RUMQTTD

The paths of nats-server, of a folder with the npm package aedes, and of rumqttd. MQTT 3.1.1 against NATS and aedes, 5 against
rumqttd; what an independent subscriber gets is told for each, and beside it what it gets of messages that paho publishes
through the same cuts: where paho's are lost or doubled as well, the broker does not keep QoS 2. Exit 1 when the verdict of the
program is not what the subscriber has seen, or a message is lost or comes twice at a broker that keeps those of paho.
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

sys.path.insert(0, str(Path(__file__).parent / "e2e"))

from brokers import Subscriber, free_port  # noqa: E402
from cutting_proxy import HANDSHAKE, CuttingProxy  # noqa: E402
from program import SCENARIOS, Run, sets, wait_until  # noqa: E402

NATS = """
server_name: qos2
listen: 127.0.0.1:{other}
jetstream {{ store_dir: "{folder}/store" }}
mqtt {{ host: 127.0.0.1, port: {port} }}
"""
AEDES = """
import {{ createServer }} from 'node:net'
import {{ Aedes }} from 'aedes'
const broker = await Aedes.createBroker()
createServer(broker.handle).listen({port}, '127.0.0.1')
"""
RUMQTTD = """
id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v5.1]
name = "v5-1"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 20480
max_inflight_count = 100
dynamic_filters = true
"""


def answers(port):
    """Whether a client gets in."""
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def start(folder, text, name, command):
    port, other = free_port(), free_port()
    config = folder / name
    config.write_text(text.format(port=port, other=other, folder=folder))
    log = (folder / "log").open("w")
    process = subprocess.Popen([str(word).replace("CONFIG", str(config)) for word in command], cwd=folder, stdout=log, stderr=log)
    wait_until(lambda: answers(port))
    time.sleep(1)
    return process, port


def judged(broker, protocol, kind, port, folder):
    """One line about a run through cuts, and whether all is well."""
    expiry = "1h" if protocol == "5" else "0s"
    with CuttingProxy(port, b"iomt-ward", 7) as proxy, Subscriber(port, protocol=protocol, qos=2) as independent:
        values = sets(broker=f"mqtt://127.0.0.1:{proxy.port}", protocol=protocol, expiry=expiry, kind=kind)
        with Run(SCENARIOS / "handshakes.toml", folder / "out", *values) as running:
            code = running.wait(90)
        independent.settle()
        seen = Counter(independent.keys())
        report = running.report
    twice = sum(count - 1 for count in seen.values())
    lost = report["generated"] - len(seen)
    frames = {name for name, _ in proxy.cuts}
    line = (
        f"{broker}, {protocol}, {kind}: {report['generated']} said, {lost} lost and {twice} doubled at the subscriber, "
        f"{report['lost']} and {report['duplicates']} in the report (exit {code}), "
        f"{report['connections']['made']} connections, {report['connections']['session_present']} with the session, cuts at {', '.join(sorted(frames))}"
    )
    told = (report["lost"], report["duplicates"]) == (lost, twice)
    sound = code == 0 and lost == twice == 0 and frames == set(HANDSHAKE.values())
    return line, sound, told, running.said()


def control(protocol, port):
    """Messages lost and doubled of six clients of paho that publish through the same cuts."""
    with CuttingProxy(port, b"control-", 7) as proxy, Subscriber(port, ("control/#",), protocol, qos=2, name="control") as seen:
        publishers = []
        for number in range(6):
            version = paho.MQTTv5 if protocol == "5" else paho.MQTTv311
            clean = {} if protocol == "5" else {"clean_session": False}
            client = paho.Client(paho.CallbackAPIVersion.VERSION2, f"control-{number}", protocol=version, **clean)
            # paho counts whole seconds; its loop takes the number as it is, and devices come back after 20 ms.
            client._reconnect_min_delay = client._reconnect_max_delay = 0.02
            kept = {}
            if protocol == "5":
                properties = Properties(PacketTypes.CONNECT)
                properties.SessionExpiryInterval = 3600
                kept = {"clean_start": False, "properties": properties}
            client.connect("127.0.0.1", proxy.port, **kept)
            client.loop_start()
            publishers.append(client)
        for sequence in range(12):
            for number, client in enumerate(publishers):
                client.publish(f"control/{number}", str(sequence), qos=2)
            time.sleep(0.7)
        time.sleep(10)
        counts = Counter((message.topic, bytes(message.payload)) for message in seen.seen)
        for client in publishers:
            client.disconnect()
            client.loop_stop()
    return 72 - len(counts), sum(count - 1 for count in counts.values())


def main():
    nats, node_folder, rumqttd = (Path(path).absolute() for path in sys.argv[1:4])
    brokers = [
        ("NATS", "3.1.1", "pulse_oximeter", NATS, "nats.conf", [nats, "-c", "CONFIG"]),
        # aedes says that it has kept a session only to who has subscribed (lib/handlers/connect.js), as a pump has to its
        # commands. Oximeters, told that there is none, begin their handshakes anew, and it publishes those that it has kept
        # as well: 29 of 72 came twice. paho does not look at what it is told.
        ("aedes", "3.1.1", "infusion_pump", AEDES, "aedes.mjs", ["node", "CONFIG"]),
        ("rumqttd", "5", "pulse_oximeter", RUMQTTD, "rumqttd.toml", [rumqttd, "-c", "CONFIG", "-q"]),
    ]
    all_well = True
    for broker, protocol, kind, text, name, command in brokers:
        # A module of node is looked for beside the script.
        place = {"dir": node_folder} if broker == "aedes" else {}
        with tempfile.TemporaryDirectory(**place) as scratch:
            folder = Path(scratch)
            process, port = start(folder, text, name, command)
            try:
                line, sound, told, said = judged(broker, protocol, kind, port, folder)
                lost, twice = control(protocol, port)
            finally:
                process.terminate()
                process.wait(10)
            print(f"{line}; of 72 messages of paho {lost} lost and {twice} doubled", flush=True)
            if not told or not sound and lost == twice == 0:
                all_well = False
                print(said, (folder / "log").read_text()[-2000:])
    sys.exit(0 if all_well else 1)


if __name__ == "__main__":
    main()

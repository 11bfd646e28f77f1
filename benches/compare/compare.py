#!/usr/bin/env python3
"""CPU per message and memory per connection of iomt beside bare publishers, in one run against one Mosquitto.

Every publisher sends one message of about 110 bytes a second on each connection. The figure is marginal: CPU of a long
run minus CPU of a short one, over the messages between them, so that start and connects do not count. The publishers
take turns, several rounds, and the ratio to the poll loop is taken within a round, because machines drift.

    cargo build --release --workspace
    benches/compare/compare.py [--connections 5000] [--rounds 3] [--qos 0 1]

Needs Mosquitto (apt-get install mosquitto). Only loopback is used.
"""
import argparse, json, os, resource, socket, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), "target", "release")
SHORT, LONG = 10, 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_mosquitto(folder):
    port = free_port()
    lines = [f"listener {port} 127.0.0.1", "allow_anonymous true", "set_tcp_nodelay true", "max_queued_messages 0", "max_connections -1"]
    if os.geteuid() == 0:
        lines.append("user root")
    path = os.path.join(folder, "mosquitto.conf")
    with open(path, "w") as config:
        config.write("\n".join(lines) + "\n")
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin")
    child = subprocess.Popen(["mosquitto", "-c", path], env=env, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return child, port
        except OSError:
            time.sleep(0.05)
    sys.exit("mosquitto did not start")


def usage(command):
    """CPU seconds and output of a command that must succeed, and its peak resident bytes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, done


def floor(build, mode, port, connections, seconds, qos):
    cpu, done = usage([f"{build}/floor", mode, f"127.0.0.1:{port}", str(connections), str(seconds), str(qos), "110"])
    if done.returncode:
        sys.exit(done.stderr)
    facts = json.loads(done.stdout)
    return cpu, facts["sent"], facts["bytes_per_connection"]


def iomt(build, watch, port, connections, seconds, qos, folder):
    out = os.path.join(folder, "out")
    sets = {"broker": f"mqtt://127.0.0.1:{port}", "n": connections, "qos": qos, "length": f"{seconds}s", "watch": watch}
    command = [f"{build}/iomt", "run", f"{HERE}/publish.toml", "--quiet", "--force", "--out", out]
    for name, value in sets.items():
        command += ["--set", f"{name}={value}"]
    cpu, done = usage(command)
    report = json.load(open(os.path.join(out, "run.json")))
    if report["sent"] != connections * seconds:
        sys.exit(f"iomt sent {report['sent']} instead of {connections * seconds}: {done.stderr}")
    return cpu, report["sent"], report["generator"]["rss_per_device"] or 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--qos", type=int, nargs="+", default=[0, 1], choices=[0, 1])
    options = parser.parse_args()
    n = options.connections
    print(f"{n} connections, 1 message/s each; load average before: {os.getloadavg()[0]:.2f}; processors: {os.cpu_count()}")
    with tempfile.TemporaryDirectory() as folder:
        broker, port = start_mosquitto(folder)
        try:
            for qos in options.qos:
                publishers = {
                    "poll loop": lambda seconds: floor(BUILD, "poll", port, n, seconds, qos),
                    "tokio task per connection": lambda seconds: floor(BUILD, "task", port, n, seconds, qos),
                    "iomt": lambda seconds: iomt(BUILD, "nothing/#", port, n, seconds, qos, folder),
                    "iomt, every message received and judged": lambda seconds: iomt(BUILD, "compare/#", port, n, seconds, qos, folder),
                }
                figures = {name: [] for name in publishers}
                ratios = {name: [] for name in publishers}
                memory = {}
                for _ in range(options.rounds):
                    base = None
                    for name, publish in publishers.items():
                        short_cpu, short_sent, _ = publish(SHORT)
                        long_cpu, long_sent, memory[name] = publish(LONG)
                        figure = (long_cpu - short_cpu) * 1e6 / (long_sent - short_sent)
                        base = base or figure
                        figures[name].append(figure)
                        ratios[name].append(figure / base)
                print(f"\nQoS {qos:<38} us/message   ratio to poll loop   bytes/connection")
                for name in publishers:
                    print(f"{name:<40} {statistics.median(figures[name]):8.1f} {statistics.median(ratios[name]):15.2f} {memory[name]:21.0f}")
        finally:
            broker.terminate()
            broker.wait()
    print(f"\nload average after: {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    main()

"""The program judged from outside: by other people's clients, brokers, readers and detectors."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from brokers import Mosquitto  # noqa: E402
from program import PROGRAM  # noqa: E402


def pytest_configure():
    if not PROGRAM.exists():
        pytest.exit(f"{PROGRAM} is missing: cargo build --release --workspace", returncode=2)


@pytest.fixture
def start_mosquitto(tmp_path):
    """Starts private brokers with the given lines of configuration; they end with the test."""
    brokers = []

    def start(*lines):
        broker = Mosquitto(tmp_path / f"mosquitto-{len(brokers)}", lines)
        brokers.append(broker)
        return broker.start()

    yield start
    for broker in brokers:
        broker.close()


@pytest.fixture
def mosquitto(start_mosquitto):
    """A private broker that keeps nothing on disk."""
    return start_mosquitto()

"""A run in virtual time says of the same scenario what a run against a broker says, message by message where an
independent client has seen it."""

from collections import Counter

import pytest

from brokers import Subscriber
from program import SCENARIOS, Run, sets

CUT_DEVICES = 16
# Messages that a device says every 200 ms while one round trip and one backoff are on their way at an edge.
NEAR_AN_EDGE = 4


def run(out, **values):
    with Run(SCENARIOS / "cuts.toml", out, *sets(**values)) as running:
        code = running.wait()
    assert code == 0, running.said()
    return running.report


def test_virtual_runs_are_equal(tmp_path):
    one, other = (run(tmp_path / name, mode="virtual") for name in ("one", "other"))
    for key in ("sent", "acked", "delivered", "dropped_declared", "duplicates", "streams", "steps", "latency"):
        assert one[key] == other[key], key


@pytest.mark.parametrize("broker", ["embedded", "mosquitto", "external"])
def test_cuts_do_the_same_against_a_broker(broker, tmp_path, request):
    virtual = run(tmp_path / "virtual", mode="virtual")
    if broker == "external":
        mosquitto = request.getfixturevalue("mosquitto")
        with Subscriber(mosquitto.port, persistent=True) as subscriber:
            real = run(tmp_path / "real", mode="real", broker=mosquitto.url)
            subscriber.settle()
        seen = Counter(subscriber.keys())
        assert len(seen) == real["delivered"]
        assert sum(seen.values()) - len(seen) == real["duplicates"]
    else:
        real = run(tmp_path / "real", mode="real", broker=broker)

    assert virtual["generated"] == real["generated"]
    assert virtual["lost_acked"] == real["lost_acked"] == 0
    allowed = NEAR_AN_EDGE * CUT_DEVICES
    for count in ("sent", "acked", "delivered", "dropped_declared", "duplicates", "lost", "pending"):
        assert abs(virtual[count] - real[count]) <= allowed, (count, virtual[count], real[count])
    # The tight outboxes overflow in both, and by far more than what an edge makes uncertain.
    least = min(virtual["dropped_declared"], real["dropped_declared"])
    assert least > 2 * NEAR_AN_EDGE, (virtual["dropped_declared"], real["dropped_declared"])
    for here, there in zip(virtual["steps"], real["steps"]):
        assert here["effective"] and there["effective"], (here, there)
        assert here["evidence"].keys() == there["evidence"].keys(), (here, there)
        cut = (here["evidence"]["links_cut"], there["evidence"]["links_cut"])
        assert cut == (here["picked_count"], there["picked_count"])

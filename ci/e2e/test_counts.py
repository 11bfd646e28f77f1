"""What the report counts is what an independent client counts, message by message."""

from collections import Counter

import pytest

from brokers import Subscriber
from program import SCENARIOS, Run, listening_port, sets


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("broker", ["external", "mosquitto", "embedded"])
def test_an_independent_subscriber_counts_the_same(broker, qos, protocol, tmp_path, request):
    url = request.getfixturevalue("mosquitto").url if broker == "external" else broker
    port = int(url.rsplit(":", 1)[1]) if broker == "external" else None
    if port:
        # Subscribed before the run exists.
        subscriber = Subscriber(port, protocol=protocol)
    with Run(SCENARIOS / "counts.toml", tmp_path / "out", *sets(broker=url, qos=qos, protocol=protocol)) as run:
        if not port:
            # The broker is the program's own: subscribed between its first listening and the first message, for which
            # the run waits half a second at least while its devices connect.
            subscriber = Subscriber(listening_port(run.process.pid), protocol=protocol)
        code = run.wait()
    with subscriber:
        subscriber.settle()
    report = run.report
    assert code == 0, run.said()
    observed = Counter(subscriber.keys())
    assert report["sent"] == report["delivered"] == report["generated"] == len(observed)
    assert report["acked"] == (report["sent"] if qos else 0)
    assert sum(observed.values()) - len(observed) == report["duplicates"] == 0

    # The same set of (device, stream, sequence): numbered from 0 without a gap in each stream, as many as the report
    # counts in each kind of stream.
    heights = Counter((device, stream) for device, stream, _ in observed)
    assert set(observed) == {(*route, sequence) for route, height in heights.items() for sequence in range(height)}
    by_stream = Counter((device.rsplit("-", 1)[1], stream) for device, stream, _ in observed)
    reported = {tuple(row["path"].split("/")[2:]): row["counts"]["delivered"] for row in report["streams"]}
    assert by_stream == {path: count for path, count in reported.items() if count}

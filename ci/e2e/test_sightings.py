"""Everything that is seen is compared with what was said, wherever it is seen and however late; planted faults are counted
one by one."""

import json
import threading
import time

import paho.mqtt.client as paho
import pytest

from brokers import Subscriber
from program import SCENARIOS, Run, sets

SCENARIO = SCENARIOS / "sightings.toml"


class Relay:
    """A client that takes what devices say at one broker and says at another what `change` makes of it: a list of
    (topic, payload, delay in seconds)."""

    def __init__(self, source, sink, change):
        self.change = change
        self.told = []
        self.publisher = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="liar-out")
        self.publisher.connect("127.0.0.1", sink)
        self.publisher.loop_start()
        self.subscriber = Subscriber(source, filters=("sightings/#",), name="liar-in")
        self.subscriber.client.on_message = self.on_message

    def on_message(self, _client, _data, message):
        if message.topic.startswith("sightings/") and b'"x":1' not in message.payload:
            for topic, payload, delay in self.change(message.topic, json.loads(message.payload)):
                threading.Timer(delay, self.publisher.publish, (topic, json.dumps(payload), 1)).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.subscriber.__exit__()
        self.publisher.disconnect()
        self.publisher.loop_stop()


def faithful(topic, said):
    return [(topic.replace("sightings/", "ingested/"), said, 0)]


def run_with(brokers, change, also, out):
    source, sink = brokers
    with Relay(source.port, source.port if also else sink.port, change):
        with Run(SCENARIO, out, *sets(broker=source.url, behind=sink.url)) as run:
            code = run.wait()
    return code, run.report, run.said()


@pytest.fixture
def brokers(start_mosquitto):
    return start_mosquitto(), start_mosquitto()


def verdicts(report):
    return {expect["id"]: expect["verdict"] for expect in report["expect"]}


def test_altered_copies_are_counted_however_late(brokers, tmp_path):
    planted = []

    def lie(topic, said):
        if said["s"] % 3 or "x" in said:
            return []
        planted.append(said["s"])
        changed = said | {"x": 1, "m": {name: value + 1 for name, value in said["m"].items()}}
        return [(topic, changed, 1.0)]

    code, report, text = run_with(brokers, lie, True, tmp_path / "out")
    assert code == 1, text
    assert report["corrupted"] == len(planted) > 10
    assert (report["duplicates"], report["invented"], report["lost"]) == (0, 0, 0)
    example = next(expect for expect in report["expect"] if expect["id"] == "nothing is changed")["counterexamples"][0]
    assert example["sequence"] % 3 == 0 and example["path"].startswith("a/") and "other bytes" in example["what"]


def test_data_under_another_patients_serial_are_counted(brokers, tmp_path):
    planted = []

    def lie(topic, said):
        if said["s"] % 4 or "x" in said or "a-0001" not in topic:
            return []
        planted.append(said["s"])
        # Topic and serial of the next patient, whose own message of that number has been seen by then; the patient stays.
        return [(topic.replace("a-0001", "a-0002"), said | {"x": 1, "d": said["d"].replace("a-0001", "a-0002")}, 1.0)]

    code, report, text = run_with(brokers, lie, True, tmp_path / "out")
    assert code == 1, text
    assert report["identity_mismatch"] == len(planted) > 2
    assert (report["duplicates"], report["corrupted"], report["invented"]) == (0, 0, 0)


def test_a_faithful_ingester_passes(brokers, tmp_path):
    code, report, text = run_with(brokers, faithful, False, tmp_path / "out")
    assert code == 0, text
    wire, ingested = report["probes"]
    assert wire["counts"]["delivered"] == ingested["counts"]["delivered"] == report["generated"]
    assert ingested["counts"]["duplicates"] == 0


def test_an_ingester_that_lies_is_found_behind_it(brokers, tmp_path):
    planted = {"changed": 0, "swapped": 0, "gone": 0}

    def lie(topic, said):
        topic = topic.replace("sightings/", "ingested/")
        if said["s"] % 5 == 1:
            planted["changed"] += 1
            return [(topic, said | {"m": {name: value + 1 for name, value in said["m"].items()}}, 0)]
        if said["s"] % 5 == 2:
            planted["swapped"] += 1
            return [(topic, said | {"p": "a-0009"}, 0)]
        if said["s"] % 5 == 3:
            planted["gone"] += 1
            return []
        return [(topic, said, 0)]

    code, report, text = run_with(brokers, lie, False, tmp_path / "out")
    assert code == 1, text
    found = report["probes"][1]["counts"]
    assert report["lost"] == report["corrupted"] == report["identity_mismatch"] == 0
    assert found["corrupted"] == planted["changed"] > 0
    assert found["identity_mismatch"] == planted["swapped"] > 0
    # Each has one fate: what was changed on the way is not lost as well.
    assert found["lost"] == planted["gone"] > 0
    assert found["altered"] == planted["changed"] + planted["swapped"]
    assert list(verdicts(report).values()) == ["pass", "pass", "fail", "fail", "fail"]


SORTED = 'topic = "sorted/${device.serial}/${stream}"'


def sorted_topic(topic, serial):
    return f"sorted/{serial}/{topic.rsplit('/', 1)[1]}"


@pytest.fixture
def with_sorted_output(tmp_path):
    """The scenario with an ingester that is to put what it takes under the serial of each device."""
    text = SCENARIO.read_text()
    filter_ = 'filter = "ingested/#"'
    assert text.count(filter_) == 1
    path = tmp_path / "sorted.toml"
    path.write_text(text.replace(filter_, SORTED))
    return path


def run_sorted(scenario, brokers, change, out):
    source, sink = brokers
    with Relay(source.port, sink.port, change):
        with Run(scenario, out, *sets(broker=source.url, behind=sink.url)) as run:
            code = run.wait()
    return code, run.report, run.said()


def test_behind_an_ingester_a_topic_tells_whose_data_it_shows(brokers, with_sorted_output, tmp_path):
    code, report, text = run_sorted(
        with_sorted_output, brokers, lambda topic, said: [(sorted_topic(topic, said["d"]), said, 0)], tmp_path / "out"
    )
    assert code == 0, text
    assert report["probes"][1]["counts"]["delivered"] == report["generated"] > 0


def test_a_mix_up_by_topic_alone_is_found_behind_an_ingester(brokers, with_sorted_output, tmp_path):
    planted = {"of a neighbour": 0, "of nobody": 0}

    def lie(topic, said):
        serial = said["d"]
        if said["s"] % 5 == 1 and serial.startswith("a-0001"):
            planted["of a neighbour"] += 1
            return [(sorted_topic(topic, serial.replace("a-0001", "a-0002")), said, 0)]
        if said["s"] % 5 == 2 and serial.startswith("a-0001"):
            planted["of nobody"] += 1
            return [(sorted_topic(topic, serial.replace("a-0001", "a-0099")), said, 0)]
        return [(sorted_topic(topic, serial), said, 0)]

    code, report, text = run_sorted(with_sorted_output, brokers, lie, tmp_path / "out")
    assert code == 1, text
    found = report["probes"][1]["counts"]
    assert min(planted.values()) > 0
    assert found["identity_mismatch"] == found["altered"] == sum(planted.values()), text
    assert (found["lost"], found["corrupted"], found["duplicates"]) == (0, 0, 0)
    assert "which is the topic of nobody here" in text and "observed on the topic of a/2/" in text


def test_what_a_probe_could_not_see_is_no_proof(brokers, tmp_path):
    # The devices have no back-off to speak of, so that they may be back before the probe.
    broker, behind = brokers
    with Run(SCENARIO, tmp_path / "out", *sets(broker=broker.url, behind=behind.url)) as run:
        time.sleep(3)
        broker.kill()
        time.sleep(0.5)
        broker.start()
        code = run.wait()
    report = run.report
    wire = report["probes"][0]
    assert [blind["to_s"] is not None for blind in wire["blind"]] == [True], run.said()
    assert report["lost_acked"] == 0
    # Nothing comes to the second broker, and of that there is no doubt.
    assert (code, report["probes"][1]["blind"]) == (1, [])
    assert report["probes"][1]["counts"]["lost_acked"] == report["acked"]

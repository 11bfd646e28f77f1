"""Payloads of others: templates by the guide, presets, and what other stacks are told of them, judged by readers of our own
making that know nothing of the program's."""

import json
import re
import threading
from collections import Counter, defaultdict

import jsonschema
import paho.mqtt.client as paho
import pytest

from brokers import Subscriber
from program import SCENARIOS, Run, iomt, sets

# The last digit of a value in each foreign payload.
FOREIGN = {
    "xml": r">\d*(\d)</value>",
    "csv": r"(\d)\s*$",
    "nested": r'"values": \[\s*\d*(\d)\s*\]',
    "texts": r'"spo2": "\d*(\d)"',
    "batch": r'"spo2": \d*(\d)',
}


class Ingester:
    """Takes what devices say at one broker and says it at another as a stack does: JSON is written anew. `change` may say
    something else."""

    def __init__(self, source, sink, root, change, rename=lambda topic: topic):
        self.change = change
        self.rename = rename
        self.publisher = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="ingester-out")
        self.publisher.connect("127.0.0.1", sink)
        self.publisher.loop_start()
        self.subscriber = Subscriber(source, filters=(f"{root}/#",), name="ingester-in")
        self.subscriber.client.on_message = self.on_message

    def on_message(self, _client, _data, message):
        said = message.payload.decode()
        if said[0] == "{":
            said = json.dumps(json.loads(said), sort_keys=True, indent=1)
        self.publisher.publish(self.rename(message.topic), self.change(message.topic, said), 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.subscriber.__exit__()
        self.publisher.disconnect()
        self.publisher.loop_stop()


def run_behind(start_mosquitto, scenario, change, out, **also):
    source, sink = start_mosquitto(), start_mosquitto()
    with Ingester(source.port, sink.port, scenario, change, **also.pop("how", {})):
        with Run(SCENARIOS / f"{scenario}.toml", out, *sets(broker=source.url, behind=sink.url, **also)) as run:
            code = run.wait()
    return code, run.report, run.said()


def verdicts(report):
    return {expect["id"]: expect["verdict"] for expect in report["expect"]}


def test_five_foreign_payloads_are_judged_and_one_altered_value_is_found_in_each(start_mosquitto, tmp_path):
    planted, lock = Counter(), threading.Lock()

    def lie(topic, said):
        form = topic.split("/")[1]
        with lock:
            planted[form] += 1
            if planted[form] != 5:
                return said
        (at, end) = re.search(FOREIGN[form], said).span(1)
        return said[:at] + str((int(said[at]) + 1) % 10) + said[end:]

    code, report, text = run_behind(start_mosquitto, "foreign", lambda _topic, said: said, tmp_path / "clean")
    assert code == 0, text
    counts = report["probes"][0]["counts"]
    assert counts["delivered"] == counts["generated"] > 80, counts
    code, report, text = run_behind(start_mosquitto, "foreign", lie, tmp_path / "altered")
    assert code == 1, text
    assert report["probes"][0]["counts"]["corrupted"] == len(FOREIGN), text
    assert {form: verdicts(report)[form] for form in FOREIGN} == dict.fromkeys(FOREIGN, "fail")


def test_what_a_keyless_payload_says_is_found_behind_an_ingester(start_mosquitto, tmp_path):
    code, report, text = run_behind(start_mosquitto, "keyless", lambda _topic, said: said, tmp_path / "same")
    assert code == 0, text
    counts = report["probes"][0]["counts"]
    assert counts["delivered"] == counts["generated"] > 15, counts
    # On topics of its own it is known by what it says, for no two have said the same; and the check says what that means.
    how = {"rename": lambda topic: topic.replace("keyless/", "stored/")}
    code, report, text = run_behind(
        start_mosquitto, "keyless", lambda _topic, said: said, tmp_path / "other", stored="stored/#", how=how
    )
    assert code == 0, text
    assert report["probes"][0]["counts"]["delivered"] == report["generated"]
    assert "do not say which message they are" in text

    def lie(_topic, said):
        return said.replace('"spo2": 9', '"spo2": 8')

    code, report, text = run_behind(start_mosquitto, "keyless", lie, tmp_path / "lie", stored="stored/#", how=how)
    assert code == 4, text
    counts = report["probes"][0]["counts"]
    assert (counts["lost"], counts["unjudged"] > 15) == (0, True), counts


def payloads(tmp_path, form):
    file = tmp_path / f"{form}.jsonl"
    done = iomt("run", SCENARIOS / "presets.toml", "--out", tmp_path / form, *sets(format=form, file=file))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [(line["topic"], json.loads(line["payload"])) for line in lines]


# What follows is JSONPath as far as mappings of the connector need it: `$..name[*]`, `$..[?(@.a && @.b)]`, `$.a.b`.


def below(value):
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from below(child)


def matches(path, root):
    if asked := re.fullmatch(r"\$\.\.\[\?\((.*)\)\]", path):
        names = [re.fullmatch(r"@\.(\w+)", part.strip())[1] for part in asked[1].split("&&")]
        # A filter looks at the children of whatever has some.
        for value in below(root):
            for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
                if isinstance(child, dict) and all(name in child for name in names):
                    yield child
    elif asked := re.fullmatch(r"\$\.\.(\w+)\[\*\]", path):
        for value in below(root):
            if isinstance(value, dict) and isinstance(value.get(asked[1]), list):
                yield from value[asked[1]]
    else:
        raise AssertionError(f"no such path in the mappings: {path}")


def pointed(path, root, token):
    value = root | {"matchedToken": token}
    for name in re.fullmatch(r"\$((?:\.\w+)+)", path)[1].split(".")[1:]:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def normalised(content, body):
    """The records that the connector makes of a message (NormalizationService), by the documentation."""
    root = {"Body": body, "Properties": {}, "SystemProperties": {}}
    for template in (entry["template"] for entry in content["template"]):
        for token in matches(template["typeMatchExpression"], root):
            values = {}
            for value in template["values"]:
                found = pointed(value["valueExpression"], root, token)
                assert found is not None or not value["required"], template
                if found is not None:
                    values[value["valueName"]] = found
            yield {
                "type": template["typeName"],
                "device": pointed(template["deviceIdExpression"], root, token),
                "patient": pointed(template["patientIdExpression"], root, token),
                "time": pointed(template["timestampExpression"], root, token),
                "group": pointed(template.get("correlationIdExpression", "$.none"), root, token),
                "values": values,
            }


def test_the_connectors_mappings_find_everything_that_devices_say(tmp_path):
    said = payloads(tmp_path, "medtech")
    done = iomt("templates", "medtech", SCENARIOS / "presets.toml", "--out", tmp_path / "mappings")
    assert done.returncode == 0, done.stderr
    read = lambda name: json.loads((tmp_path / "mappings" / name).read_text())  # noqa: E731
    content, mapping, seed = read("devicecontent.json"), read("fhirmapping.json"), read("seed-bundle.json")
    types = {entry["template"]["typeName"]: entry["template"] for entry in mapping["template"]}
    resources = [entry["resource"] for entry in seed["entry"]]
    known = {
        kind: {one["value"] for resource in resources if resource["resourceType"] == kind for one in resource["identifier"]}
        for kind in ("Device", "Patient")
    }
    framing = {"deviceId", "patientId", "endDate", "stream", "sequence", "correlationId"}
    found, grouped = 0, defaultdict(list)
    for _topic, body in said:
        records = list(normalised(content, body))
        values = Counter()
        for record in records:
            assert record["type"] in types
            assert record["device"] in known["Device"] and record["patient"] in known["Patient"]
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])
            wanted = types[record["type"]]
            names = [part["value"] for part in wanted.get("components", [wanted])]
            for name, value in record["values"].items():
                shape = next(one for one in names if one["valueName"] == name)
                assert isinstance(value, str) == (shape["valueType"] == "String")
                values[name if name != "value" else record["type"]] += 1
            grouped[record["type"], record["group"] or (record["device"], record["time"])].append(record)
        said_here = {name: len(value) if isinstance(value, list) else 1 for name, value in body.items() if name not in framing}
        assert values == Counter(said_here), body
        found += len(records)
    assert found > 1000
    # One value of a type at a time, or the connector refuses the group; samples as far apart as the mapping says.
    for (kind, _group), records in grouped.items():
        period = types[kind].get("value", {}).get("defaultPeriod")
        if period is None:
            assert len(records) == 1, (kind, records)
        else:
            times = [float(record["time"][17:-1]) for record in records]
            steps = [(later - earlier) % 60 * 1e3 for earlier, later in zip(times, times[1:])]
            assert all(abs(step - period) <= 1.001 for step in steps), (kind, period, steps[:5])
    assert types["nibp_panel"]["codes"][0]["code"] == "85354-9" and len(types["nibp_panel"]["components"]) == 3


def test_home_assistant_is_told_where_each_state_stands(tmp_path):
    states = defaultdict(set)
    for topic, body in payloads(tmp_path, "home-assistant"):
        states[topic] |= set(body)
    arguments = sets(format="home-assistant")
    done = iomt("templates", "home-assistant", SCENARIOS / "presets.toml", "--out", tmp_path / "ha", *arguments)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "ha/discovery.jsonl").read_text().splitlines()]
    assert len(lines) == 8
    told = defaultdict(set)
    for line in lines:
        assert re.fullmatch(r"homeassistant/device/[\w-]+/config", line["topic"]) and line["retain"]
        for entity in line["payload"]["components"].values():
            assert entity["platform"] == "sensor" and entity["unique_id"]
            told[entity["state_topic"]].add(re.search(r"value_json\.(\w+)", entity["value_template"])[1])
    for topic, names in states.items():
        numbers = {name for name in names if name not in ("serial", "stream", "sequence", "time")}
        waves = {name for name in numbers if name not in told[topic]}
        assert all(name.startswith(("ecg", "pleth", "abp_wave", "resp_wave", "co2_wave", "cvp_wave", "pap_wave")) for name in waves), waves


# Of our own making, from the documentation (openmhealth.org/documentation): unit and name of each measure.
MEASURES = {
    "heart-rate": ("heart_rate", "beats/min"),
    "oxygen-saturation": ("oxygen_saturation", "%"),
    "respiratory-rate": ("respiratory_rate", "breaths/min"),
    "body-temperature": ("body_temperature", "C"),
    "blood-pressure": ("systolic_blood_pressure", "mmHg"),
}
DATA_POINT = {
    "type": "object",
    "required": ["header", "body"],
    "additionalProperties": False,
    "properties": {
        "header": {
            "type": "object",
            "required": ["id", "creation_date_time", "schema_id", "user_id"],
            "properties": {
                "id": {"type": "string"},
                "creation_date_time": {"type": "string", "format": "date-time"},
                "schema_id": {
                    "type": "object",
                    "required": ["namespace", "name", "version"],
                    "properties": {"namespace": {"const": "omh"}, "name": {"enum": list(MEASURES)}, "version": {"pattern": r"^\d+\.\d+$"}},
                },
                "user_id": {"type": "string"},
            },
        },
        "body": {"type": "object", "required": ["effective_time_frame"]},
    },
}


def test_data_points_of_open_mhealth_have_their_shape(tmp_path):
    names, ids = Counter(), Counter()
    for _topic, points in payloads(tmp_path, "open-mhealth"):
        jsonschema.validate(points, {"type": "array", "items": DATA_POINT})
        for point in points:
            name = point["header"]["schema_id"]["name"]
            names[name] += 1
            ids[point["header"]["id"]] += 1
            key, unit = MEASURES[name]
            assert point["body"][key]["unit"] == unit and isinstance(point["body"][key]["value"], (int, float))
            if name == "blood-pressure":
                assert point["body"]["diastolic_blood_pressure"]["value"] < point["body"][key]["value"]
    assert set(names) == set(MEASURES) and max(ids.values()) == 1, names


def test_thingsboard_gets_a_time_and_values(tmp_path):
    bodies = [body for _topic, body in payloads(tmp_path, "thingsboard")]
    assert len(bodies) > 100
    for body in bodies:
        assert set(body) == {"ts", "values"} and isinstance(body["ts"], int) and body["ts"] > 1_500_000_000_000
        assert all(isinstance(value, (int, float, str, list)) for value in body["values"].values())


@pytest.mark.parametrize(("preset", "meant"), [("medtec", "medtech"), ("thingsbord", "thingsboard")])
def test_a_misspelt_preset_is_told(tmp_path, preset, meant):
    file = tmp_path / "wrong.toml"
    file.write_text(f'include = ["preset:{preset}"]\nformat = 1\nscenario = "wrong"\n')
    done = iomt("check", file)
    assert done.returncode == 2
    assert f"did you mean `{meant}`?" in done.stderr and "wrong.toml:1:" in done.stderr, done.stderr

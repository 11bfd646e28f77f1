"""A stranger's client tells a pump what to do; the pump answers, and the patient changes."""

import json

import jsonschema
import numpy as np

from brokers import Subscriber, mosquitto_pub
from program import ROOT, SCENARIOS, Run, sets, wait_until

ANSWER = json.loads((ROOT / "formats/schemas/command-answer.schema.json").read_text())
COMMAND = json.loads((ROOT / "formats/schemas/command.schema.json").read_text())
PRESSOR = {"id": "pressor-1", "op": "set_rate", "args": {"dose_ug_kg_min": 0.1}}
BOLUS = {"id": "bolus-1", "op": "bolus", "args": {"volume_ml": 2}}
# Not commands, each in its own way: no JSON, no object, no id, an id of the wrong type, a key too many, no text at all.
MALFORMED = ["{", "[]", '{"op": "start", "args": {}}', '{"id": 7, "op": "start", "args": {}}', "null", ""]
# Commands, but none the pump can carry out.
REFUSED = [
    {"id": "refused-1", "op": "dance", "args": {}},
    {"id": "refused-2", "op": "set_rate", "args": {"rate_ml_h": -5}},
    {"id": "refused-3", "op": "set_rate", "args": {"rate_ml_h": "much"}},
    {"id": "refused-4", "op": "set_rate", "args": {}},
]


def series(subscriber, device, metric):
    """Device time [s] and values of a metric."""
    found = [
        (message["t"] / 1e3, message["m"][metric])
        for message in subscriber.telemetry()
        if message["d"] == device and metric in message.get("m", {}) and message["m"][metric] is not None
    ]
    return np.array(sorted(found)).T


def mean_between(samples, first, last):
    times, values = samples
    inside = (times >= first) & (times < last)
    assert inside.any()
    return values[inside].mean()


def test_a_command_from_outside_changes_pump_and_patient(mosquitto, tmp_path):
    topic = "pump/1/pump/cmd"
    jsonschema.validate(PRESSOR, COMMAND)
    with (
        Subscriber(mosquitto.port) as subscriber,
        Run(SCENARIOS / "pump.toml", tmp_path / "out", *sets(broker=mosquitto.url)) as run,
    ):
        # A minute of rest.
        wait_until(lambda: len(subscriber.keys()) > 6 * 60, timeout=30)
        mosquitto_pub(mosquitto.port, topic, json.dumps(PRESSOR))
        first = wait_until(subscriber.answers)[0]
        jsonschema.validate(first, ANSWER)
        assert (first["id"], first["status"]) == (PRESSOR["id"], "applied")

        # Meanwhile somebody repeats himself and talks nonsense.
        for _ in range(2):
            mosquitto_pub(mosquitto.port, "pump/1/line/cmd", json.dumps(BOLUS))
        for nonsense in MALFORMED:
            mosquitto_pub(mosquitto.port, topic, nonsense)
        for command in REFUSED:
            jsonschema.validate(command, COMMAND)
            mosquitto_pub(mosquitto.port, topic, json.dumps(command))
        wait_until(lambda: len(subscriber.answers()) >= 3 + len(MALFORMED) + len(REFUSED))
        code = run.wait()
        subscriber.settle()
    assert code == 0, run.said()

    answers = subscriber.answers()
    topics = {seen.topic for seen in subscriber.seen if seen.topic.endswith("/ack")}
    assert topics == {"pump/1/pump/ack", "pump/1/line/ack"}
    for answer in answers:
        jsonschema.validate(answer, ANSWER)
        assert answer["status"] == "applied" or answer["reason"]
    by_status = {"applied": [], "refused": [], "malformed": []}
    for answer in answers:
        by_status[answer["status"]].append(answer["id"])
    # The repeated command is answered again, and was carried out once.
    assert by_status["applied"] == [PRESSOR["id"], BOLUS["id"], BOLUS["id"]]
    assert series(subscriber, "icu-0001-line", "inf_vol_total")[1].max() == BOLUS["args"]["volume_ml"]
    assert sorted(by_status["refused"]) == [command["id"] for command in REFUSED]
    assert len(by_status["malformed"]) == len(MALFORMED)

    counts = run.report["commands"]
    assert counts["received"] == counts["answered"] == len(answers)
    assert counts["refused"] == len(REFUSED)
    assert counts["malformed"] == len(MALFORMED)
    assert counts["applied"] == 3

    # The pump: nothing before, the dose for the patient's weight afterwards, one change of status.
    rate = series(subscriber, "icu-0001-pump", "inf_rate")
    at = first["t"] / 1e3
    assert mean_between(rate, 0, at) == 0
    infused = mean_between(rate, at + 2, at + 300)
    # 0.1 ug/kg/min of 80 ug/mL for 40 to 200 kg.
    assert 3 <= infused <= 15
    assert np.ptp(rate[1][rate[0] > at + 2]) == 0
    statuses = [message for message in subscriber.telemetry() if message["d"] == "icu-0001-pump" and message["st"] == "status"]
    assert len(statuses) == 2, "as switched on, and the one change"

    # The patient: 10 to 20 mmHg within five minutes (norepinephrine in adults); the neighbour is left as he is.
    for patient, least, most in [(1, 10, 20), (2, -4, 4)]:
        pressure = series(subscriber, f"icu-{patient:04}-mon", "abp_mean")
        change = mean_between(pressure, at + 240, at + 300) - mean_between(pressure, at - 40, at)
        assert least <= change <= most, f"patient {patient}: {change:.1f} mmHg"

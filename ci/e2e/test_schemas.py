"""The JSON Schemas in the repository describe what is really written."""

import json
import tomllib

import jsonschema
import pytest

from brokers import Subscriber
from program import LIBRARY, ROOT, SCENARIOS, Run, iomt, sets, wait_until

OWN = sorted([*SCENARIOS.glob("*.toml"), *LIBRARY.glob("**/*.toml")])


def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def of_file(path):
    return validator(json.loads((ROOT / path).read_text()))


@pytest.fixture(scope="module")
def scenario_schema():
    done = iomt("schema")
    assert done.returncode == 0
    return validator(json.loads(done.stdout))


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.stem)
def test_scenarios_fit_their_schema(file, scenario_schema):
    scenario = tomllib.loads(file.read_text())
    errors = [f"{error.json_path}: {error.message}" for error in scenario_schema.iter_errors(scenario)]
    assert errors == []
    # Everything in the library is sound without a word.
    check = iomt("check", "--deny-warnings", file)
    assert (check.returncode, check.stderr) == (0, "")


@pytest.mark.parametrize("case", ["01-misspelt-keys", "02-missing-keys", "04-wrong-types", "07-missing-units"])
def test_the_scenario_schema_refuses_what_an_editor_can_see(case, scenario_schema):
    scenario = tomllib.loads((SCENARIOS.parent / "broken" / f"{case}.toml").read_text())
    assert not scenario_schema.is_valid(scenario)


def test_run_reports_and_payloads_fit_their_schemas(mosquitto, tmp_path):
    with Subscriber(mosquitto.port) as subscriber:
        with Run(SCENARIOS / "counts.toml", tmp_path / "out", *sets(broker=mosquitto.url)) as run:
            assert run.wait() == 0, run.said()
        subscriber.settle()
    of_file("runners/verify/schemas/run.schema.json").validate(run.report)

    payload = of_file("formats/schemas/vendor-json.schema.json")
    messages = subscriber.telemetry()
    for message in messages:
        payload.validate(message)
    kinds = {message["d"].rsplit("-", 1)[1] for message in messages}
    assert kinds == {"mon", "oxi", "pump"}
    assert any("q" in message for message in messages), "a loose electrode marks its data"


def test_reports_of_other_endings_fit_their_schema(mosquitto, tmp_path):
    schema = of_file("runners/verify/schemas/run.schema.json")
    sinus = SCENARIOS / "sinus.toml"
    assert iomt("run", sinus, "--out", tmp_path / "virtual").returncode == 0
    schema.validate(json.loads((tmp_path / "virtual/run.json").read_text()))
    with Subscriber(mosquitto.port) as subscriber:
        with Run(SCENARIOS / "counts.toml", tmp_path / "interrupted", *sets(broker=mosquitto.url)) as run:
            wait_until(lambda: len(subscriber.seen) > 100)
            run.interrupt()
            assert run.wait(20) == 130
    schema.validate(run.report)


def test_manifests_fit_their_schema(tmp_path):
    done = iomt("record", SCENARIOS / "sinus.toml", "--length", "10s", "--out", tmp_path / "out")
    assert done.returncode == 0
    of_file("runners/recorder/schemas/manifest.schema.json").validate(json.loads((tmp_path / "out/manifest.json").read_text()))

"""Carriers of requests against receivers that fail on purpose: what is acknowledged is stored once, and every refusal is
told with its reason."""

import json

import pytest

from program import LIBRARY, SCENARIOS, Run, iomt, sets
from receivers import Api, Engine, Store

SCENARIO = SCENARIOS / "requests.toml"


@pytest.mark.parametrize("version", ["1.1"])
def test_what_is_acknowledged_is_stored_once_whatever_the_receiver_does(tmp_path, version):
    store = Store(tmp_path / "stored.jsonl")
    with Api(store) as api, Engine(store) as engine:
        with Run(SCENARIO, tmp_path / "out", *sets(api=api.url, engine=engine.url, stored=f"file:{store.path}")) as run:
            code = run.wait()
    report, said = run.report, run.said()
    assert code == 0, said
    assert set(api.said) == {"200", "500", "429", "reset", "stored and reset"}
    assert set(engine.said) == {"AA", "AE", "late", "hung up", "stored and hung up", "out of order"}
    assert store.repeated > 0, "what was stored before an answer was lost comes again, with the same key"
    assert len(store.keys) == report["generated"] == report["acked"]
    for reason in ("HTTP 500 (Internal Server Error)", "HTTP 429 (Too Many Requests)", "AE (application error)"):
        assert reason in json.dumps(report), reason


def test_the_receivers_of_the_program_itself(tmp_path):
    """The scenario of the library on the wall clock, with nothing but loopback."""
    text = (LIBRARY / "http-ingest.toml").read_text()
    quicker = {
        '"virtual"': '"real"',
        'length = "60s"': 'length = "9s"',
        'at   = "20s"': 'at   = "3s"',
        'for  = "10s"': 'for  = "2s"',
        'at   = "45s"': 'at   = "7s"',
        'for  = "3s"': 'for  = "1s"',
    }
    for slow, quick in quicker.items():
        assert slow in text
        text = text.replace(slow, quick)
    scenario = tmp_path / "ingest.toml"
    scenario.write_text(text)
    with Run(scenario, tmp_path / "out") as run:
        assert run.wait() == 0, run.said()


def test_a_target_that_is_not_there_is_named(tmp_path):
    done = iomt("check", SCENARIO, "--connect", *sets(stored=f"file:{tmp_path}/stored.jsonl"))
    assert done.returncode != 0
    assert (done.stdout + done.stderr).count("connection refused") == 2, done.stdout + done.stderr

"""What is healthy is not blamed: one run of each sort; `ci/long faultless` has two hundred. And a rival is named."""

from faultless import SCENARIO, SORTS, judge
from program import Run, sets


def test_no_run_without_a_fault_fails():
    codes, wrong, _ = judge(len(SORTS))
    assert wrong == [], wrong
    # Load may leave a run without a verdict, but not all of them.
    assert codes[0] >= 3, codes


def test_a_second_run_of_the_same_devices_is_named(mosquitto, tmp_path):
    runs = [Run(SCENARIO, tmp_path / name, *sets(broker=mosquitto.url)) for name in ("one", "other")]
    for run in runs:
        with run:
            run.wait()
    # Two clients with one id take over from each other, and the broker says nothing but an end.
    ended = [words for run in runs for words in run.report["connections"]["ended"]]
    assert any("somebody else has the client id `faultless-" in words for words in ended), ended

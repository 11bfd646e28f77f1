"""What is healthy is not blamed: one run of each sort; `ci/long faultless` has two hundred."""

from faultless import SORTS, judge


def test_no_run_without_a_fault_fails():
    codes, wrong, _ = judge(len(SORTS))
    assert wrong == [], wrong
    # Load may leave a run without a verdict, but not all of them.
    assert codes[0] >= 3, codes

"""The fixture `iomt_run`: `iomt.run` with a folder of the test's own for the reports."""

import pytest

import iomt


@pytest.fixture
def iomt_run(tmp_path, record_property):
    """Runs a scenario; verdict and reports are properties of the test in pytest's own JUnit file."""

    def run(scenario, **options):
        options.setdefault("out", tmp_path / "iomt")
        report = iomt.run(scenario, **options)
        record_property("iomt_verdict", report.verdict)
        record_property("iomt_report", str(report.html))
        return report

    return run

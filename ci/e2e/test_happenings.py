"""Every step that happens to a patient moves the truth the right way, is labelled from its first to its last effect, and
leaves a patient at rest."""

import csv

import pytest

from program import SCENARIOS, iomt

# Step: end of its label [s], and what must be true after 115 s of it: column, sign of the change, least change.
STEPS = {
    "bleed": ("physio.bleed", 180.0, "blood_volume", -1, 0.25),
    "fluid": ("physio.fluid", 180.0, "blood_volume", 1, 0.05),
    "hypotension": ("physio.hypotension", 210.0, "map", -1, 28),
    "sepsis": ("physio.sepsis", 180.0, "temperature", 1, 0.0001),
    "fever": ("physio.fever", 180.0, "temperature", 1, 0.05),
    "desaturation": ("physio.desaturation", 210.0, "sao2", -1, 11),
    "apnoea": ("physio.apnoea", 100.0, "paco2", 1, 0.2),
    "hypoxia": ("physio.hypoxia", 180.0, "sao2", -1, 10),
    "oxygen": ("physio.oxygen", 180.0, "pao2", 1, 150),
    "ventilate": ("physio.ventilate", 180.0, "paco2", -1, 8),
    "exercise": ("physio.exercise", 180.0, "cardiac_output", 1, 5),
    "posture": ("physio.posture", 183.0, "cardiac_output", -1, 0.5),
    "pain": ("physio.pain", 185.0, "heart_rate", 1, 6),
    "seizure": ("physio.seizure", 195.0, "sao2", -1, 6),
    "tachy": ("physio.tachy", 200.0, "heart_rate", 1, 75),
    "brady": ("physio.brady", 200.0, "heart_rate", -1, 30),
    "fibrillation": ("physio.arrhythmia", 180.0, None, 0, 0),
    "arrest": ("physio.arrest", 180.0, "map", -1, 60),
    "raw": ("physio.input", 185.0, "sbp", 1, 3),
}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("happenings") / "recording"
    done = iomt("record", SCENARIOS / "happenings.toml", "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def table(path):
    with path.open() as file:
        rows = list(csv.reader(file))
    names = [title.split(" ")[0] for title in rows[0]]
    return [dict(zip(names, row)) for row in rows[1:]]


@pytest.mark.parametrize("name", STEPS)
def test_a_step_acts_heals_and_is_labelled(recording, name):
    action, end, column, sign, least = STEPS[name]
    states = table(recording / name / "1/truth.csv")
    labels = [row for row in table(recording / name / "1/labels.csv") if row["label"] == action]
    assert [(row["onset_s"], row["cause"]) for row in labels] == [("60.0", f"the_{name}")]
    assert float(labels[0]["end_s"]) == pytest.approx(end, abs=0.15)
    at = lambda second, what: float(states[second][what])  # noqa: E731
    if column:
        # An apnoea has long ended; the stores have not settled.
        second = 99 if name == "apnoea" else 175
        assert sign * (at(second, column) - at(59, column)) > least
    # Quarter of an hour later; what was lost or infused, a heat of hours and the debt of an arrest stay for longer.
    assert at(1199, "heart_rate") == pytest.approx(70, abs=6 if name in ("bleed", "fluid", "arrest") else 1.5)
    assert at(1199, "map") == pytest.approx(90, abs=2)
    assert at(1199, "sao2") == pytest.approx(97.2, abs=1)


def test_rhythms_are_labelled_with_their_step(recording):
    for name, rhythm in [("fibrillation", "af"), ("arrest", "vf")]:
        rows = [row for row in table(recording / name / "1/labels.csv") if row["label"] == rhythm]
        assert [(row["onset_s"], row["end_s"], row["cause"]) for row in rows] == [("60.0", "180.0", f"the_{name}")]

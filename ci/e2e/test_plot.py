"""`iomt plot`: pictures of recordings and scenarios at their true size, and what it says when it cannot draw."""

import struct
import xml.etree.ElementTree as ElementTree

import pytest
import wfdb

from program import LIBRARY, SCENARIOS, iomt

RHYTHMS = LIBRARY / "physiology/rhythms.toml"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    out = tmp_path_factory.mktemp("plot") / "recording"
    done = iomt("record", SCENARIOS / "sinus.toml", "--out", out, "--length", "90s")
    assert done.returncode == 0, done.stderr
    return out


def size_mm(png):
    """Width and height by the pixels and the resolution that the file states."""
    content = png.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    at = content.index(b"pHYs") + 4
    x_per_m, y_per_m, unit = struct.unpack(">IIB", content[at : at + 9])
    assert unit == 1
    return 1e3 * width / x_per_m, 1e3 * height / y_per_m


def test_ten_seconds_are_250_mm_of_paper(tmp_path, recording):
    out = tmp_path / "strip.png"
    done = iomt("plot", recording, "--from", "20s", "--out", out)
    assert done.returncode == 0, done.stderr
    width, _ = size_mm(out)
    assert width == pytest.approx(250 + 25 + 7, abs=0.5)


def test_the_curve_of_a_strip_is_the_recorded_one(tmp_path, recording):
    out = tmp_path / "strip.svg"
    done = iomt("plot", recording, "--on", "c/1/patch", "--from", "20s", "--length", "10s", "--out", out)
    assert done.returncode == 0, done.stderr
    curves = [line.get("points").split() for line in ElementTree.parse(out).iter(f"{SVG}polyline")]
    points = [tuple(map(float, point.split(","))) for point in max(curves, key=len)]
    samples = wfdb.rdrecord(str(recording / "c/1/patch/250hz")).p_signal[20 * 250 : 30 * 250, 0]
    assert len(points) >= len(samples)
    for index, sample in enumerate(samples):
        x, y = points[index]
        assert x - points[0][0] == pytest.approx(25 * index / 250, abs=0.011)
        assert (points[0][1] - y) / 10 == pytest.approx(sample - samples[0], abs=0.002)


def test_scenario_and_recording_give_the_same_picture(tmp_path, recording):
    pictures = []
    for name, source in [("a.svg", recording), ("b.svg", SCENARIOS / "sinus.toml")]:
        done = iomt("plot", source, "--on", "c/1", "--from", "30s", "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
        pictures.append((tmp_path / name).read_text())
    assert pictures[0] == pictures[1]


def test_long_windows_become_trends_and_twelve_leads_a_sheet(tmp_path, recording):
    trend, sheet = tmp_path / "trend.svg", tmp_path / "sheet.svg"
    assert iomt("plot", recording, "--on", "c/1", "--to", "90s", "--out", trend).returncode == 0
    words = [text.text for text in ElementTree.parse(trend).iter(f"{SVG}text")]
    assert {"Heart rate", "Saturation", "Breathing"} <= set(words)
    done = iomt("plot", RHYTHMS, "--on", "sinus_70/1", "--from", "10s", "--out", sheet)
    assert done.returncode == 0, done.stderr
    words = [text.text for text in ElementTree.parse(sheet).iter(f"{SVG}text")]
    assert {"I", "III", "aVR", "aVL", "aVF", "V1", "V6"} <= set(words) and words.count("II") == 2


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--on", "c/7"], "has no `c/7`"),
        (["--show", "eeg"], "none of eeg"),
        (["--on", "c/1/patch", "--layout", "twelve-leads"], "needs a device that is given its `leads`"),
        (["--from", "2h"], "ends at 90 s"),
        (["--from", "20s", "--to", "10s"], "where it begins or before"),
        (["--from", "yesterday"], "--from"),
    ],
)
def test_what_cannot_be_drawn_is_said(tmp_path, recording, arguments, said):
    done = iomt("plot", recording, *arguments, "--out", tmp_path / "x.png")
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert not (tmp_path / "x.png").exists()


def test_a_replayed_person_is_not_called_simulated(tmp_path):
    out = tmp_path / "x.svg"
    done = iomt("plot", SCENARIOS / "replay.toml", "--on", "recorded/1", "--out", out)
    assert done.returncode == 0, done.stderr
    words = " ".join(text.text or "" for text in ElementTree.parse(out).iter(f"{SVG}text"))
    assert "replayed recording of a person" in words and "simulated" not in words


def test_the_name_tells_the_format(tmp_path, recording):
    done = iomt("plot", recording, "--out", tmp_path / "x.gif")
    assert done.returncode == 2 and ".png or .svg" in done.stderr

"""People live by the clocks of where they are; what devices say stays on the clock of the world."""

import csv

import pytest

from program import iomt

SCENARIO = """
format   = 1
scenario = "zone"

[time]
mode   = "virtual"
start  = "{start}"
length = "30h"
{default}

[target.broker]
url = "embedded"

[link.lan]
to    = "broker"
topic = "${{device}}/${{stream}}"

[[cohort]]
id      = "home"
count   = 1
patient = {{ model = "t2d_adult", circulation = false, meals = "02:30 30 g, 07:00 50 g" }}
{own}

  [[cohort.device]]
  id   = "cgm"
  kind = "cgm"
  link = "lan"

[[expect]]
id   = "everything arrives"
that = "delivered.ratio == 100%"
"""


def write(folder, start, *, default="", own=""):
    file = folder / "zone.toml"
    file.write_text(SCENARIO.format(start=start, default=default, own=own))
    return file


def meals(folder, *arguments, **zones):
    """Minutes after the start at which carbohydrate begins to come to the gut of the person."""
    done = iomt("record", write(folder, *arguments, **zones), "--out", folder / "out")
    assert done.returncode == 0, done.stderr
    with (folder / "out/home/1/truth.csv").open() as file:
        rows = [(float(row["time_s"]), float(row["gut_carbohydrate [g]"])) for row in csv.DictReader(file)]
    # It empties but for meals, which are eaten by 5 g a minute.
    eaten = [round(before / 60) for (before, empty), (_, full) in zip(rows, rows[1:]) if full > empty + 3]
    return [minute for minute in eaten if minute - 1 not in eaten]


@pytest.mark.parametrize(
    "start, zones, hours",
    [
        ("2026-01-22T00:00:00Z", {}, [2.5, 7, 26.5]),
        # The clock of the offset, of the zone of all, and of the cohort's own, which goes before it.
        ("2026-01-22T00:00:00-08:00", {}, [2.5, 7, 26.5]),
        ("2026-01-22T00:00:00Z", {"default": 'zone = "America/Los_Angeles"'}, [10.5, 15]),
        ("2026-01-22T00:00:00Z", {"default": 'zone = "Asia/Tokyo"', "own": 'zone = "America/Los_Angeles"'}, [10.5, 15]),
        # 23 hours: half past two is left out, and the meal comes with the leap; 25 hours: it comes twice, the meal once.
        ("2026-03-29T00:00:00+01:00", {"own": 'zone = "Europe/Berlin"'}, [2, 6, 25.5]),
        ("2026-10-25T00:00:00+02:00", {"own": 'zone = "Europe/Berlin"'}, [2.5, 8, 27.5]),
    ],
)
def test_meals_keep_their_hours(start, zones, hours, tmp_path):
    assert meals(tmp_path, start, **zones) == pytest.approx([60 * hour for hour in hours], abs=1)


def test_a_misspelt_zone_is_told_with_what_was_meant(tmp_path):
    file = write(tmp_path, "2026-01-22T00:00:00Z", own='zone = "Europe/Berln"')
    done = iomt("check", file)
    assert done.returncode == 2
    assert f"{file}:22:9: " in done.stderr
    assert "there is no zone `Europe/Berln`; did you mean `Europe/Berlin`?" in done.stderr


def test_payload_times_are_instants(tmp_path):
    """Two people of equal draws whose zones differ say things at the same instants."""
    times = []
    for zone in ("UTC", "Asia/Tokyo"):
        folder = tmp_path / zone.replace("/", "-")
        folder.mkdir()
        file = write(folder, "2026-01-22T00:00:00Z", own=f'zone = "{zone}"')
        assert iomt("record", file, "--out", folder / "out").returncode == 0
        with (folder / "out/home/1/cgm/numerics.csv").open() as table:
            times.append({row["time_s"] for row in csv.DictReader(table) if row["metric"] == "glucose_isf"})
    assert times[0] and times[0] == times[1]

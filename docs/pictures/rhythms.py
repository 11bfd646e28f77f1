"""Draws a strip of every patient of the rhythms recorded by `draw`, where something happens, and their contact sheet."""

import subprocess
import sys
from pathlib import Path

import wfdb
from PIL import Image, ImageDraw, ImageFont

PROGRAM, WORK = sys.argv[1], Path(sys.argv[2])
RECORDING = WORK / "recording"
STRIPS = WORK / "rhythms"
SHEET = Path("docs/pictures/rhythms.png")
FONT = "runners/plot/fonts/DejaVuSans-Bold.ttf"
PIXELS_PER_MM = 4
COLUMNS, COLUMN_S = 4, 4.5
SCALE = 0.55
MOST_BYTES = 150 * 1024
# Labels worth seeing in a rhythm that is mostly something else.
RARE = {"couplets": "V", "nsvt": "V", "pac_5pct": "A", "pvc_5pct": "V", "paroxysmal_af": "(AFIB", "sick_sinus": "(AFIB"}


def window_s(name):
    """Beginning of ten seconds in which the rhythm shows itself."""
    labels = wfdb.rdann(str(RECORDING / name / "1/patch/250hz"), "atr")
    texts = [aux.strip("\0") if symbol == "+" else symbol for symbol, aux in zip(labels.symbol, labels.aux_note)]
    seen = [at / 250 for at, text in zip(labels.sample, texts) if text == RARE.get(name) and 20 < at / 250 < 165]
    return round(seen[0] - 2, 1) if seen else 30.0


def strip(name, from_s, length_s, picture):
    """The strip of lead II; patients with one lead call it `ecg`."""
    for lead in ("ecg_ii", "ecg"):
        command = [PROGRAM, "plot", RECORDING, "--on", f"{name}/1/patch", "--from", f"{from_s}s", "--length", f"{length_s}s"]
        command += ["--layout", "strip", "--show", lead, "--title", name, "--out", picture]
        if subprocess.run([str(word) for word in command], capture_output=True).returncode == 0:
            return
    sys.exit(f"{name} cannot be drawn")


def sheet_order():
    """The order of the scenario."""
    for line in Path("scenarios/library/physiology/rhythms.toml").read_text().splitlines():
        if line.startswith("id ") and line.split('"')[1] != "patch":
            yield line.split('"')[1]


def main():
    STRIPS.mkdir(parents=True, exist_ok=True)
    tiles = []
    for name in sheet_order():
        from_s = window_s(name)
        strip(name, from_s, 10, STRIPS / f"{name}.png")
        tile = WORK / "tile.png"
        strip(name, from_s, COLUMN_S, tile)
        picture = Image.open(tile).convert("RGB")
        # Without name, calibration, heading and footer: only the paper and the labels of the beats.
        left, top, bottom = 25 * PIXELS_PER_MM, 18 * PIXELS_PER_MM, 12 * PIXELS_PER_MM
        tiles.append((name, picture.crop((left, top, picture.width - 6 * PIXELS_PER_MM, picture.height - bottom))))
    rows = [tiles[first : first + COLUMNS] for first in range(0, len(tiles), COLUMNS)]
    width = int(COLUMN_S * 25 * PIXELS_PER_MM * SCALE) + 14
    heights = [int(max(tile.height for _, tile in row) * SCALE) + 24 for row in rows]
    sheet = Image.new("RGB", (COLUMNS * width, sum(heights)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.truetype(FONT, 13)
    y = 0
    for row, height in zip(rows, heights):
        for column, (name, tile) in enumerate(row):
            small = tile.resize((int(tile.width * SCALE), int(tile.height * SCALE)), Image.Resampling.LANCZOS)
            pen.text((column * width + 2, y + 2), name, fill=(24, 24, 28), font=font)
            sheet.paste(small, (column * width, y + 18))
        y += height
    # As many colours as the size allows; the paper and the curves need few.
    for colours in (32, 24, 16, 12, 8, 6):
        sheet.quantize(colours, dither=Image.Dither.NONE).save(SHEET, optimize=True)
        if SHEET.stat().st_size <= MOST_BYTES:
            break


main()

"""Packs a wheel that carries the program: `pip install` and nothing to compile.

    python packaging/wheel.py target/release/iomt FOLDER

The binary is stripped and becomes a script of the wheel; `packaging/python` is its Python side. The platform tag says which
glibc the binary needs, as its symbols tell. Needs `strip` and `objdump` (binutils). Prints the path of the wheel.
"""

import base64
import hashlib
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / "packaging/python"
#: So that equal contents make equal wheels.
TIMESTAMP = (2000, 1, 1, 0, 0, 0)


def version():
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def stripped(program, folder):
    copy = folder / "iomt"
    subprocess.run(["strip", "-o", copy, program], check=True)
    return copy


def platform_tag(program):
    """The oldest glibc whose symbols the program finds, as pip compares it (PEP 600)."""
    symbols = subprocess.run(["objdump", "-T", program], check=True, capture_output=True, text=True).stdout
    needed = {tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_([0-9.]+)", symbols)}
    major, minor = max(needed)[:2]
    return f"manylinux_{major}_{minor}_{platform.machine()}"


def metadata():
    return f"""Metadata-Version: 2.4
Name: iomt
Version: {version()}
Summary: An Internet-of-Medical-Things testbed: synthetic patients and their devices, faults, and a verdict about your stack
License-Expression: MIT OR Apache-2.0
License-File: LICENSE-MIT
License-File: LICENSE-APACHE
Requires-Python: >=3.9
Classifier: Framework :: Pytest
Classifier: Operating System :: POSIX :: Linux
Description-Content-Type: text/markdown

{(ROOT / "packaging/python/README.md").read_text()}"""


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def pack(program, out):
    with tempfile.TemporaryDirectory() as folder:
        binary = stripped(program, Path(folder))
        tag = platform_tag(binary)
        content = binary.read_bytes()
    name, info = f"iomt-{version()}", f"iomt-{version()}.dist-info"
    files = {str(file.relative_to(PYTHON)): file.read_bytes() for file in sorted((PYTHON / "iomt").iterdir()) if file.is_file()}
    files[f"{name}.data/scripts/iomt"] = content
    for licence in ("LICENSE-MIT", "LICENSE-APACHE"):
        files[f"{info}/licenses/{licence}"] = (ROOT / licence).read_bytes()
    for extra in ("sbom.cdx.json", "THIRD-PARTY.txt"):
        if (out / extra).is_file():
            place = "sboms" if extra.endswith(".json") else "licenses"
            files[f"{info}/{place}/{extra}"] = (out / extra).read_bytes()
    files[f"{info}/METADATA"] = metadata().encode()
    files[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: iomt\nRoot-Is-Purelib: false\nTag: py3-none-{tag}\n".encode()
    files[f"{info}/entry_points.txt"] = b"[pytest11]\niomt = iomt.pytest_plugin\n"
    record = f"{info}/RECORD"
    rows = [f"{path},sha256={digest(data)},{len(data)}" for path, data in files.items()]
    files[record] = "\n".join([*rows, f"{record},,", ""]).encode()
    out.mkdir(parents=True, exist_ok=True)
    wheel = out / f"{name}-py3-none-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, TIMESTAMP)
            mode = 0o755 if path.endswith("/scripts/iomt") else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return wheel


if __name__ == "__main__":
    print(pack(Path(sys.argv[1]), Path(sys.argv[2])))

"""What the program is built of, as a bill of materials and as the texts of its licences.

    python packaging/third_party.py FOLDER

Writes `sbom.cdx.json` (CycloneDX 1.5) and `THIRD-PARTY.txt` from `cargo metadata` of what `iomt` is built of on Linux; every
crate of others must name its licence. The licence texts are those of the crates' own archives.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = "x86_64-unknown-linux-gnu"
LICENCE_NAMES = ("licen", "copying", "notice", "unlicense")


def packages():
    """The crates of others that the program is built of (not those of tests), in the order of their names."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET]
    graph = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    by_id = {package["id"]: package for package in graph["packages"]}
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    root = next(package["id"] for package in graph["packages"] if package["name"] == "iomt" and package["source"] is None)
    reached, waiting = set(), [root]
    while waiting:
        package = waiting.pop()
        if package in reached:
            continue
        reached.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] in (None, "build") for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    ours = by_id[root]
    others = sorted((by_id[found] for found in reached if by_id[found]["source"]), key=lambda it: (it["name"], it["version"]))
    return ours, others


def component(package):
    found = {
        "type": "library",
        "bom-ref": f"pkg:cargo/{package['name']}@{package['version']}",
        "purl": f"pkg:cargo/{package['name']}@{package['version']}",
        "name": package["name"],
        "version": package["version"],
        "licenses": [{"expression": package["license"].replace("/", " OR ")}],
    }
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def sbom(ours, others):
    program = {"type": "application", "bom-ref": "iomt", "name": "iomt", "version": ours["version"], "licenses": [{"expression": ours["license"]}]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": program},
        "components": [component(package) for package in others],
        "dependencies": [{"ref": "iomt", "dependsOn": [f"pkg:cargo/{it['name']}@{it['version']}" for it in others]}],
    }


def texts(others):
    """The licence files, each once with the crates that come with it."""
    users = {}
    for package in others:
        folder = Path(package["manifest_path"]).parent
        for file in sorted(folder.iterdir()):
            if file.is_file() and file.name.lower().startswith(LICENCE_NAMES):
                text = file.read_text(errors="replace").strip()
                users.setdefault(text, []).append(f"{package['name']} {package['version']} ({file.name})")
    return "".join(f"{'=' * 80}\n{', '.join(names)}\n{'-' * 80}\n{text}\n\n" for text, names in users.items())


def main(folder):
    ours, others = packages()
    unnamed = [package["name"] for package in others if not package["license"]]
    assert not unnamed, f"crates that name no licence: {unnamed}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sbom.cdx.json").write_text(json.dumps(sbom(ours, others), indent=1) + "\n")
    listed = "".join(f"{it['name']} {it['version']}: {it['license']}\n" for it in others)
    (folder / "THIRD-PARTY.txt").write_text(f"iomt is built of these crates:\n\n{listed}\n{texts(others)}")
    print(f"{len(others)} crates in {folder}/sbom.cdx.json and {folder}/THIRD-PARTY.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

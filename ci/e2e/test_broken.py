"""Broken scenario files: every mistake is told at once, with its place, by `check` and by `run`; nothing is sent."""

import socket
from pathlib import Path

import pytest

from program import iomt, sets

HERE = Path(__file__).resolve().parent
FILES = sorted(HERE.glob("broken/*.toml"))


@pytest.fixture
def target():
    """A socket that nobody should connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_there_are_twenty():
    assert len(FILES) == 20


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_mistake_is_told(file, target, tmp_path):
    expected = file.with_suffix(".expected").read_text()
    assert expected.count("error:") >= 2, "a case has several mistakes"
    out = tmp_path / "out"
    name = str(file.relative_to(HERE))
    broker = sets(broker=f"mqtt://127.0.0.1:{target.getsockname()[1]}")

    check = iomt("check", name, *broker, cwd=HERE)
    assert (check.returncode, check.stdout, check.stderr) == (2, "", expected)
    run = iomt("run", name, "--out", out, *broker, cwd=HERE)
    assert (run.returncode, run.stdout, run.stderr) == (2, "", expected)
    for command in (["plan"], ["fingerprint"], ["record", "--out", out]):
        done = iomt(*command, name, *broker, cwd=HERE)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", expected), command[0]
    assert not out.exists()

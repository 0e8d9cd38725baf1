"""A full or read-only disk under doctor's own files is named as that, and is not a bug in doctor."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="file systems can only be mounted as root"),
    pytest.mark.timeout(120),
]
DOCTOR = [sys.executable, "-c", "from doctor.cli.entry import main; raise SystemExit(main())"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk with doctor's state on it."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=1m,mode=0755", "doctor-test", str(place)), check=True)
    (place / "state/runs").mkdir(parents=True)
    try:
        yield place
    finally:
        subprocess.run(("umount", "-l", str(place)), check=True)


@pytest.mark.parametrize("state", ["full", "read-only"])
@pytest.mark.parametrize("words", [("scan", "--select", "kernel"), ("fix", "--apply", "--yes"), ("undo", "--yes")])
def test_it_is_named_and_no_defect(disk: Path, tmp_path: Path, state: str, words: tuple[str, ...]) -> None:
    """Whatever the command writes there first."""
    root = tmp_path / "host"
    (root / "etc/docker").mkdir(parents=True)
    (root / "etc/docker/daemon.json").write_text('{"log-driver": "json-file",}\n', encoding="utf-8")
    if state == "full":
        try:
            with (disk / "greedy").open("wb", buffering=0) as stream:
                while stream.write(b"\0" * 4096):
                    pass
        except OSError:
            pass
    else:
        subprocess.run(("mount", "-o", "remount,ro", str(disk)), check=True)
    environment = {**os.environ, "DOCTOR_STATE_DIR": str(disk / "state")}
    argv = [*DOCTOR, *words, *(() if words[0] == "undo" else ("--root", str(root)))]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert "this is a bug" not in said
    assert "Traceback" not in said
    assert done.returncode in {0, 1, 3, 5}, said
    if words[0] == "fix":
        assert "No space left on device" in said or "Read-only file system" in said
        assert str(disk) in said
        assert (root / "etc/docker/daemon.json").read_text(encoding="utf-8") == '{"log-driver": "json-file",}\n'

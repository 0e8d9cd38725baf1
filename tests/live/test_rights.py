"""Rights that programs need: a data root mounted noexec, and programs of the engine without the executable bit."""

import json
from collections.abc import Iterator

import pytest

from tests.hosts.box import Box

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

IN_A_VOLUME = ("run", "--rm", "-v", "kept:/v", "bb:1", "sh", "-c", "cp /bin/busybox /v/true && /v/true && echo runs")

NO_RUNC = 'exec: "runc": executable file not found'


@pytest.fixture(scope="module")
def place(can_box: None) -> Iterator[Box]:
    """A box with a running engine and images."""
    with Box() as box:
        box.start_dockerd()
        box.load_images()
        yield box


def ids(box: Box, area: str) -> set[str]:
    """Return what a scan finds."""
    document = json.loads(box.doctor("scan", "--select", area, "--format", "json").stdout)
    return {one["id"] for one in document["findings"]}


def options(box: Box) -> set[str]:
    """How the data root is mounted in the box."""
    return set(box.run(["findmnt", "-n", "-o", "VFS-OPTIONS", "/var/lib/docker"]).stdout.strip().split(","))


def test_a_data_root_mounted_noexec(place: Box) -> None:
    """Programs in volumes don't run; the answer remounts it under the running engine, undo gives the option back."""
    box = place
    assert box.docker(*IN_A_VOLUME) == "runs"
    box.run(["mount", "-o", "remount,bind,noexec,nodev", "/var/lib/docker"])
    assert "Permission denied" in box.run(["docker", *IN_A_VOLUME], check=False).stderr
    assert ids(box, "storage") == {"storage/data-root-noexec"}
    before = box.pids("dockerd")
    refused = box.doctor("fix", "storage", "--apply", "--yes")
    assert refused.returncode == 0, "worth knowing, and it may be somebody's hardening"
    assert "noexec" in options(box), "nothing is done without an answer"
    fix = box.doctor("fix", "storage", "--choose", "storage/data-root-noexec=allow", "--apply", "--yes")
    assert fix.returncode == 0, fix.stdout + fix.stderr
    assert options(box).isdisjoint({"noexec", "nodev"})
    assert box.docker(*IN_A_VOLUME) == "runs"
    assert box.pids("dockerd") == before
    assert ids(box, "storage") == set()
    undo = box.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert options(box) >= {"noexec", "nodev"}
    box.run(["mount", "-o", "remount,bind,exec,dev", "/var/lib/docker"])


@pytest.mark.parametrize("program", ["runc", "containerd", "dockerd"])
def test_a_program_without_the_executable_bit(place: Box, program: str) -> None:
    """The engine can't do without it; it gets the bit, and with it the mode that it had but for the bits that fell."""
    box = place
    path = box.run(["sh", "-c", f"command -v {program}"]).stdout.strip()
    if program != "runc":
        box.stop_dockerd()
    mode = box.run(["stat", "-L", "-c", "%a", path]).stdout.strip()
    box.run(["chmod", "a-x", path])
    if program == "runc":
        assert NO_RUNC in box.run(["docker", "run", "--rm", "bb:1", "true"], check=False).stderr
    found = ids(box, "engine")
    assert found & {"engine/program-missing", "engine/runtime-missing"}, found
    fix = box.doctor("fix", "engine", "--apply", "--yes")
    assert fix.returncode == 0, fix.stdout + fix.stderr
    assert box.run(["stat", "-L", "-c", "%a", path]).stdout.strip() == mode
    assert box.engine_answers()
    assert box.docker("run", "--rm", "bb:1", "echo", "runs") == "runs"
    if program != "runc":
        return
    undo = box.doctor("undo", "--yes")
    assert undo.returncode == 0, undo.stdout + undo.stderr
    assert NO_RUNC in box.run(["docker", "run", "--rm", "bb:1", "true"], check=False).stderr
    box.run(["chmod", mode, path])

"""Directories of a running engine that somebody removed: named, created under it, and what nothing creates again stays named."""

import pytest

from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]


def fails(box: Box, command: str) -> bool:
    """Whether a command of a user fails."""
    return box.run(["sh", "-c", command], check=False, timeout=30).returncode != 0


def test_a_directory_of_the_running_engine_is_created_under_it(patient_box: Box) -> None:
    """No container stops for it; what used it works again; undo removes what is still empty."""
    box = patient_box
    root, identity = "/var/lib/docker", box.docker("inspect", "-f", "{{.Id}}", "plain")
    assert box.doctor("scan").returncode == 0, "a healthy engine has them all"
    pid = box.docker("inspect", "-f", "{{.State.Pid}}", "plain")
    gone = (f"{root}/tmp", f"{root}/plugins/tmp", f"{root}/buildkit/executor", f"/run/docker/containerd/{identity}")
    box.run(["rm", "-rf", *gone])
    uses = ("docker save bb:1 | cat >/dev/null; docker save -o /root/bb.tar bb:1", "docker exec plain true")
    assert [use for use in uses if not fails(box, use)] == []
    assert kit.ids(box) == {"engine/directory-missing"}
    kit.repair(box, "--allow", "safe")
    assert [use for use in uses if fails(box, use)] == []
    modes = box.run(["stat", "-c", "%a", *gone]).stdout.split()
    assert modes == ["700", "700", "711", "755"]
    assert box.docker("inspect", "-f", "{{.State.Pid}}", "plain") == pid
    kit.undo(box)
    assert not box.exists(f"{root}/plugins/tmp")


def test_a_container_that_the_runtime_forgot(patient_box: Box) -> None:
    """Nothing rebuilds its state: the finding stays, and what it advises ends it."""
    box = patient_box
    identity = box.docker("inspect", "-f", "{{.Id}}", "plain")
    box.run(["rm", "-rf", f"/run/docker/runtime-runc/moby/{identity}"])
    assert fails(box, "docker exec plain true")
    assert kit.ids(box) == {"containers/runtime-state-missing"}
    kill = "kill -9 $(docker inspect -f '{{.State.Pid}}' plain)"
    assert f"{kill}, wait until docker ps shows that it ended, then docker start plain" in " ".join(
        box.doctor("scan").stdout.split()
    )
    box.run(["sh", "-c", f"{kill}; sleep 1; docker start plain"])
    assert not fails(box, "docker exec plain true")
    assert kit.ids(box) == set()

"""A container whose host config is gone and that no backup has: rebuilt from what remains, as a question."""

import json

import pytest

from tests.hosts.box import Box
from tests.live.repair import repair_kit as kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


def test_a_lost_host_config_is_put_together(dead_box: Box) -> None:
    """After a power cut ports, mounts and networks are known: chosen, the container starts, publishes, and is as closed as any."""
    box = dead_box
    paths = {path.parent: path for path in (box.data_root / "containers").glob("*/hostconfig.json")}
    names = {json.loads((top / "config.v2.json").read_bytes())["Name"][1:]: path for top, path in paths.items()}
    before = {name: json.loads(path.read_bytes()) for name, path in names.items()}
    names["web"].unlink()
    names["talk"].write_bytes(b"{")
    plan = " ".join(box.doctor("fix", "state").stdout.split())
    print(plan)
    assert "published ports: 0.0.0.0:8080->80/tcp" in plan
    assert "mounts: /data" in plan
    assert "no limits, devices, added capabilities" in plan
    choices = ("state/hostconfig-missing:web=restarts", "state/hostconfig-corrupt:talk=no-restart")
    options = [word for choice in choices for word in ("--choose", choice)]
    done = kit.repair(box, *options)
    print(done.stdout)
    assert "restart policy unless-stopped; assumed:" in " ".join(done.stdout.split())
    assert box.docker("inspect", "-f", "{{.State.Running}}", "web").strip() == "true"
    assert box.fetch(8080)
    assert box.docker("exec", "web", "cat", "/data/file").strip() == "kept"
    box.docker("start", "-a", "talk")
    after = json.loads(box.docker("inspect", "web", "plain"))
    web, plain = (one["HostConfig"] for one in after)
    for key in ("NetworkMode", "PortBindings", "Binds", "IpcMode", "ShmSize", "Privileged", "Runtime"):
        assert web[key] == before["web"][key], key
    # The kernel's files are masked as in a container that kept its host config.
    masked = [
        box.docker("exec", name, "sh", "-c", "grep -c ' /proc/\\| /sys/firmware' /proc/self/mountinfo")
        for name in ("web", "plain")
    ]
    assert masked[0] == masked[1]
    assert plain["Privileged"] is False
    kit.undo(box)
    assert not names["web"].exists()
    assert names["talk"].read_bytes() == b"{"

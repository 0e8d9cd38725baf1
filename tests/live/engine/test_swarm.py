"""A swarm node whose engine does not start because of live-restore."""

import pytest

from tests.hosts.box import Box
from tests.hosts.sandbox import SandboxError

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]


def test_live_restore_on_a_swarm_node_is_removed(bare_box: Box) -> None:
    """Dockerd refuses to start; after the repair the node is a manager again, and its service is there."""
    box = bare_box
    box.start_dockerd(settings=True)
    box.run(["docker", "swarm", "init", "--advertise-addr", "198.51.100.1"])
    box.run(["docker", "service", "create", "-d", "--name", "s1", "--replicas", "0", "bb:1"])
    box.write("/etc/docker/daemon.json", '{"live-restore": true}\n')
    box.stop_dockerd()
    with pytest.raises(SandboxError, match="incompatible with swarm mode"):
        box.start_dockerd(settings=True)
    assert "live-restore is on, and this host is a swarm node" in " ".join(box.doctor("scan").stdout.split())
    healed = box.doctor("fix", "--apply", "--yes")
    assert healed.returncode in {0, 1}, healed.stdout
    assert box.read("/etc/docker/daemon.json") == "{}\n"
    assert "s1" in box.run(["docker", "service", "ls"]).stdout
    assert "state/swarm" not in box.doctor("scan", "--select", "state").stdout

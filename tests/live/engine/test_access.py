"""Access to the engine: clients with another engine, an engine without a socket, two engines, refused API versions."""

import json
import time

import pytest

from tests.hosts.box import Box
from tests.hosts.sandbox import Completed

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]
SNAP = "/snap/docker/1/bin/dockerd"
SNAP_ROOT = "/var/snap/docker/common/var-lib-docker"
CLIENT = [
    "-v",
    "/usr:/usr:ro",
    "-v",
    "/lib:/lib:ro",
    "-v",
    "/lib64:/lib64:ro",
    "-v",
    "/var/run/docker.sock:/var/run/docker.sock",
]


def found(box: Box) -> dict[str, str]:
    """Return id → message of the findings on access."""
    said = box.doctor("scan", "--select", "access,engine/socket-lost", "--format", "json")
    assert said.returncode in {0, 1}, said.stdout
    return {one["id"]: one["message"] for one in json.loads(said.stdout)["findings"]}


def as_me(box: Box, command: str) -> Completed:
    """Run a command as an ordinary user with a login shell."""
    return box.run(["su", "-", "me", "-c", command], check=False)


def test_clients_that_point_nowhere(bare_box: Box) -> None:
    """The real client writes the settings and fails with them; with the advice it works."""
    box = bare_box
    box.start_dockerd()
    box.run(["useradd", "-m", "-s", "/bin/bash", "-G", "docker", "me"])
    assert found(box) == {}
    socket = "/home/me/.docker/desktop/docker.sock"
    as_me(box, f"docker context create desktop-linux --docker host=unix://{socket}; docker context use desktop-linux")
    said = as_me(box, "docker ps")
    assert said.returncode
    assert 'context "desktop-linux" of user me leads to' in found(box)["access/client-points-nowhere"]
    assert "found on this host" in box.doctor("explain", said.stderr.strip()).stdout
    as_me(box, "docker context use default")
    assert found(box) == {}
    assert as_me(box, "docker ps").returncode == 0
    box.write("/etc/profile.d/docker.sh", "export DOCKER_HOST=tcp://localhost:2375\n")
    assert as_me(box, "docker ps").returncode
    assert "DOCKER_HOST leads to tcp://localhost:2375" in found(box)["access/client-points-nowhere"]
    box.write("/etc/profile.d/docker.sh", "export DOCKER_HOST=unix:///run/user/1000/docker.sock\n")
    # That engine starts when its user logs in.
    assert found(box) == {}


def test_no_socket_two_engines_and_old_clients(bare_box: Box) -> None:
    """One box: each is broken by real means, and the engine and its client are the judges."""
    box = bare_box
    box.write("/etc/docker/daemon.json", '{"hosts": ["tcp://127.0.0.1:2375"]}')
    box.start_dockerd(wait=False, settings=True)
    deadline = time.monotonic() + 20
    while "API listen on" not in box.log() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert box.run(["docker", "ps"], check=False).returncode
    assert "not on /var/run/docker.sock: docker commands on this host fail" in found(box)["access/no-local-socket"]
    line = '"hosts": ["tcp://127.0.0.1:2375", "unix:///var/run/docker.sock"]'
    assert f"write {line} in /etc/docker/daemon.json" in " ".join(box.doctor("fix").stdout.split())
    box.stop_dockerd()
    box.write("/etc/docker/daemon.json", f"{{{line}}}")
    box.start_dockerd(settings=True)
    assert box.run(["docker", "ps"]).returncode == 0
    assert found(box) == {}
    box.stop_dockerd()
    box.write("/etc/docker/daemon.json", "{}")

    box.write("/etc/default/docker", "export DOCKER_MIN_API_VERSION=1.44\n")
    box.start_dockerd(settings=True)
    box.load_images()
    old = ["docker", "run", "-d", "--name", "old", *CLIENT, "bb:1", "sh", "-c"]
    box.run([*old, "DOCKER_API_VERSION=1.24 /usr/bin/docker ps; sleep 1000"])
    pinned = [
        "docker",
        "run",
        "-d",
        "--name",
        "pinned",
        "-e",
        "DOCKER_API_VERSION=1.99",
        *CLIENT,
        "bb:1",
        "sleep",
        "1000",
    ]
    box.run(pinned)
    while "too old" not in box.run(["docker", "logs", "old"]).stderr:
        time.sleep(0.1)
    said = box.doctor("scan", "--select", "access").stdout
    assert "container old uses API 1.24, and the engine accepts 1.44 and newer" in " ".join(said.split())
    assert "container pinned uses API 1.99, and the engine accepts up to 1.45" in " ".join(said.split())
    box.docker("rm", "-f", "old", "pinned")

    box.run(["mkdir", "-p", SNAP_ROOT, "/snap/docker/1/bin"])
    box.run(["mount", "-t", "tmpfs", "x", SNAP_ROOT])
    box.run(["cp", "/usr/sbin/dockerd", SNAP])
    run = "/run/snap.docker"
    box.start([SNAP, "--data-root", SNAP_ROOT, "--exec-root", run, "-p", f"{run}/docker.pid"], log="/var/log/snap.log")
    while SNAP_ROOT not in box.run(["docker", "info", "-f", "{{.DockerRootDir}}"], check=False).stdout:
        time.sleep(0.1)
    both = found(box)
    assert f"docker commands reach the one with data root {SNAP_ROOT}" in both["access/two-engines"]
    plan = box.doctor("fix").stdout
    assert "snap disable docker" in " ".join(plan.split())
    assert "restart the engine so that it listens" not in plan

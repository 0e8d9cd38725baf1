"""The layers that start containers, broken for real: the probe ``start`` names the first one at fault, and leaves nothing.

The rungs of containerd and of the engine; a real ``docker run`` is the judge.
"""

import time

import pytest

from tests.hosts.box import Box
from tests.live.network.probe_kit import Probed, probe

pytestmark = pytest.mark.live

_SHIM = "/usr/bin/containerd-shim-runc-v2"
_INIT = "/usr/bin/docker-init"
_SOCKET = "/run/docker/containerd/containerd.sock"
_LEFT = f"""
docker ps -aq --filter label=io.doctor.probe
docker volume ls -q
ctr -a {_SOCKET} namespaces ls -q
pgrep -af -- '-namespace docto[r] '
find /sys/fs/cgroup -type d -name 'doctor-*' ! -name 'doctor-runtime'
find /run /var/lib/docker /var/lib/containerd -path '*/task/doctor*' -o -name 'doctor-start*' -o -path '/run/doctor-*'
ls /run/containerd/s 2>/dev/null
"""


def left(box: Box) -> list[str]:
    """Return everything that a start may leave, and containerd's namespaces."""
    return box.run(["sh", "-c", _LEFT], check=False).stdout.splitlines()


def starts(box: Box, *options: str) -> bool:
    """Whether ``docker run`` starts a container."""
    return (
        box.run(
            ["timeout", "-s", "KILL", "10", "docker", "run", "--rm", *options, "bb:1", "true"], check=False
        ).returncode
        == 0
    )


def fails(box: Box, *words: str) -> Probed:
    found = probe(box, "start")
    assert found.named("fail") == {"start"}
    for word in words:
        assert word in found.by_name["start"]["message"]
    return found


def test_each_layer_is_named_and_nothing_is_left(box: Box) -> None:
    box.load_images()
    box.start(["docker", "events", "--format", "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}"], log="/tmp/events")
    # Debian mounts it so: a program below it can't be bind-mounted into a container.
    box.run(["mount", "-o", "remount,noexec", "/run"])
    found = probe(box, "start")
    assert found.by_name["start"]["message"].endswith("the host's runtime runc, containerd, the engine")
    assert left(box) == ["moby"]
    events = box.read("/tmp/events").splitlines()
    assert [line.rpartition(" ")[0] for line in events] == [
        "container create", "container extract-to-dir", "network connect", "container start", "network disconnect",
        "container die", "container destroy",
    ]  # fmt: skip
    assert all(line.rpartition(" ")[2].startswith(("doctor-", "bridge")) for line in events)

    box.run(["ctr", "-a", _SOCKET, "namespaces", "create", "doctor", "owner=a-user"])
    probe(box, "start")
    assert left(box) == ["doctor", "moby"]
    box.run(["ctr", "-a", _SOCKET, "namespaces", "remove", "doctor"])

    shim = box.path(_SHIM).read_bytes()
    for broken in (b"not a program\n", None):
        box.run(["rm", _SHIM])
        if broken is not None:
            box.write(_SHIM, broken, mode=0o755)
        assert not starts(box)
        fails(box, "containerd can't start a container: its shim containerd-shim-runc-v2", "--reinstall containerd")
        if broken is None:
            box.write(_SHIM, shim, mode=0o755)

    box.docker("create", "--init", "--name", "below-init", "bb:1", "true")
    box.run(["rm", _INIT])
    assert not starts(box, "--init")
    fails(box, "the engine can't start a container: docker-init", "--reinstall docker.io")
    box.docker("rm", "below-init")
    assert probe(box, "start").named("pass") == {"start"}

    proxy = str(box.run(["which", "docker-proxy"]).stdout).strip()
    content = box.path(proxy).read_bytes()
    for path, broken, says in (
        (proxy, b"#!/bin/sh\nexit 1\n", "without a published port it can"),
        (_INIT, b"#!/bin/sh\nexit 0\n", "docker-init (docker run --init) does not start a program"),
    ):
        box.run(["rm", "-f", path])
        box.write(path, broken, mode=0o755)
        found = probe(box, "start")
        assert says in found.by_name["start"]["message"]
        assert found.named("fail") == ({"start"} if path == proxy else set())
        assert starts(box, "-p", "127.0.0.1::80") is (path != proxy)
        box.run(["rm", path])
        if path == proxy:
            box.write(path, content, mode=0o755)
    assert left(box) == ["moby"]

    (containerd,) = box.pids("containerd")
    box.run(["kill", "-STOP", str(containerd)])
    fails(
        box,
        f"containerd can't start a container: process {containerd} is stopped by a signal",
        f"kill -CONT {containerd}",
    )
    box.run(["kill", "-CONT", str(containerd)])
    assert starts(box)
    assert left(box) == ["moby"]


def test_killed_at_any_instant_the_next_probe_removes_what_is_left(box: Box) -> None:
    """doctor, the process of the rungs and their workers die at the same time."""
    box.load_images()
    assert probe(box, "start").named("pass") == {"start"}
    for delay in (0.35, 0.5, 0.6, 0.7, 0.8, 1.0):
        box.start([box.doctor_path, "probe", "start"], log="/tmp/probe.log")
        time.sleep(delay)
        box.run(["pkill", "-9", "-f", "[p]robe start|__main__.py [r]ungs"], check=False)
    assert probe(box, "start").named("pass") == {"start"}
    # Files that a shim wrote after the end of its start are removed once they are a minute old.
    assert [line for line in left(box) if not line.startswith("/run/doctor-start/")] in (
        ["moby"],
        ["moby", "/run/doctor-start"],
    )

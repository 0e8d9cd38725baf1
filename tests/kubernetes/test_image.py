"""The image of kubernetes/Containerfile, built and run with exactly the rights, mounts, users and limits of daemonset.yaml."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.hosts.box import Box, why_not
from tests.kubernetes import node as kit
from tests.onefile import kit as onefile
from tests.unit.kubernetes import server_kit

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]
FORWARD = "/proc/sys/net/ipv4/ip_forward"
LIMIT_S = 40.0


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box with the image."""
    if why := why_not() or ("" if onefile.program() else "there is no one file: make onefile, or DOCTOR_ONEFILE"):
        pytest.skip(why)
    with Box() as made:
        made.start_dockerd()
        kit.build(made, kit.context(tmp_path_factory.mktemp("context")))
        yield made


@pytest.fixture(scope="module")
def server(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[server_kit.Server]:
    """An API server with TLS outside the box, at an address that the pod is given as the kubelet gives it."""
    made = kit.outside_server(box)
    made.authority = server_kit.encrypt(made, tmp_path_factory.mktemp("authority"))  # type: ignore[attr-defined]
    with server_kit.serving(made) as running:
        yield running


@pytest.fixture(scope="module")
def pod(box: Box, server: server_kit.Server, tmp_path_factory: pytest.TempPathFactory) -> kit.Pod:
    """The pod of the manifest as it is."""
    manifest = kit.manifest(tmp_path_factory.mktemp("plain"))
    return kit.Pod(box, manifest, server, server.authority)  # type: ignore[attr-defined]


def until(server: server_kit.Server, wanted: Callable[[dict[str, str]], bool], pod: kit.Pod) -> dict[str, str]:
    """Wait for a condition of the node."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        found: dict[str, str] = server.condition()
        if found and wanted(found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{server.condition()}\n{pod.logs()}")


LOOK = """grep -E '^(Uid|Gid|Groups|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status
for place in / /usr/local /host/root /host/run /host/var/lib/docker /reports; do
    mkdir "$place/new" 2>/dev/null && rmdir "$place/new" && echo "wrote $place"
done
ls /var/run/secrets/kubernetes.io/serviceaccount
"""
SCAN_CAPABILITIES = (
    1 << 2 | 1 << 12 | 1 << 18 | 1 << 19 | 1 << 34
)  # the five of the manifest, as linux/capability.h numbers them


def test_its_containers_have_what_the_manifest_gives(box: Box, pod: kit.Pod) -> None:
    """As the kernel sees them: users, groups, capabilities, filter, read-only roots and mounts."""
    for name, uid, capabilities, wrote in (
        ("scan", 0, SCAN_CAPABILITIES, ["/host/run", "/host/var/lib/docker", "/reports"]),
        ("publish", 65534, 0, []),
    ):
        words = [word for word in pod.words(name) if not word.startswith("--entrypoint")]
        at = words.index(f"{kit.IMAGE}:{kit.TAG}")
        shell = ["docker", "run", "--rm", *words[:at], "--entrypoint=sh", words[at], "-c", LOOK]
        done = box.run(shell, check=False)
        status = dict(line.split(":\t") for line in done.stdout.splitlines() if ":\t" in line)
        assert "Uid" in status, done.stderr
        assert status["Uid"].split() == [str(uid)] * 4
        assert "65534" in status["Groups"].split()
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        assert int(status["CapBnd"], 16) == capabilities
        # Below the host's root only the top is read-only (kubernetes/daemonset.yaml has the reason).
        assert [line.removeprefix("wrote ") for line in done.stdout.splitlines() if line.startswith("wrote")] == wrote
        assert ("token" in done.stdout.split()) == (name == "publish")


def test_nodes_with_containers_of_docker(
    box: Box, pod: kit.Pod, server: server_kit.Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Their network namespaces are entered with the component alone; without it the condition is honest."""
    box.docker("run", "-d", "--name=other", "--entrypoint=sleep", f"{kit.IMAGE}:{kit.TAG}", "600")
    manifest = kit.manifest(tmp_path_factory.mktemp("component"), ["docker-engine"])
    more = kit.Pod(box, manifest, server, server.authority)  # type: ignore[attr-defined]
    for one, wanted in ((pod, "Unknown"), (more, "False")):
        one.once("scan")
        one.once("publish")
        assert server.condition()["status"] == wanted, server.condition()
    box.docker("rm", "-f", "other")


def follows_mounts(box: Box) -> None:
    """A mount of the host reaches the pod that runs, and an unmounted one is not held."""

    def seen() -> bool:
        # A scan that runs is a child of it.
        pid, *_ = box.pids("doctor-one-file")
        return " /host/mnt/late " in box.read(f"/proc/{pid}/mountinfo")

    box.run(["mkdir", "-p", "/mnt/late"])
    box.run(["mount", "-t", "tmpfs", "late", "/mnt/late"])
    assert seen()
    box.run(["umount", "/mnt/late"])
    assert not seen()


def test_three_broken_nodes(box: Box, pod: kit.Pod, server: server_kit.Server) -> None:
    """Healthy first; each fault and its end are seen by the running pod, and each change is one event."""
    server.events.clear()
    server.requests.clear()
    pod.start(every="2s")
    until(server, lambda one: one["status"] == "False", pod)
    assert server.events == []
    follows_mounts(box)

    box.write(FORWARD, "0\n")
    found = until(server, lambda one: one["status"] == "True", pod)
    assert found["reason"] == "NetworkIpForwardOff"
    box.write(FORWARD, "1\n")
    until(server, lambda one: one["status"] == "False", pod)

    box.write("/etc/docker/daemon.json", '{"debug": tru}\n')
    found = until(server, lambda one: one["status"] == "True", pod)
    assert "daemon.json" in found["message"]
    box.path("/etc/docker/daemon.json").unlink()
    until(server, lambda one: one["status"] == "False", pod)

    # The engine is gone, and the pod lives on: on a node its containers are containerd's.
    box.run(["kill", "-9", *map(str, box.pids("dockerd"))])
    found = until(server, lambda one: one["status"] == "True", pod)
    assert found["reason"].startswith("Engine"), found

    # An event follows its condition.
    until(server, lambda _: len(server.events) >= 5, pod)
    assert [one["type"] for one in server.events] == ["Warning", "Normal", "Warning", "Normal", "Warning"]
    assert server.condition("Ready")["status"] == "True"
    sent = {(method, path) for method, path, _, _ in server.requests}
    assert sent == {
        ("PATCH", f"/api/v1/nodes/{server_kit.NODE}/status?fieldManager=doctor"),
        ("POST", "/api/v1/namespaces/default/events?fieldManager=doctor"),
    }
    assert {headers["Authorization"] for _, _, headers, _ in server.requests} == {"Bearer a.pod.token"}

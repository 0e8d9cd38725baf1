"""Cases of containers that can't start any more: one container, ``web``, on a healthy data root."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import CREATED, MESH, WEB, Tree, hex_id

LIVE = "live = true\n"
NOW = """live = true
now = 1764000000

[[api]]
path = "/version"
body = '{"Version": "26.1.5", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}'

[[process]]
pid = 412
argv = ["/usr/bin/dockerd"]
exe = "/usr/bin/dockerd"
"""
ROOT = ("image", "container", "network")
case = partial(Recipe, area="containers", parts=ROOT)
GONE, BEFORE = hex_id("network gone"), hex_id("container before")
NEVER = "0001-01-01T00:00:00Z"


def place(network: str = "") -> dict[str, Any]:
    """The data that a stopped container keeps of its network attachment."""
    return {
        "IPAMConfig": None, "NetworkID": network, "EndpointID": "", "Gateway": "", "IPAddress": "", "IPPrefixLen": 0,
        "Aliases": ["w"],
    }  # fmt: skip


def stopped(
    networks: dict[str, Any] | None = None, mounts: dict[str, Any] | None = None, **host: Any
) -> Callable[[Tree], None]:
    """The container was stopped: its networks and mounts, and what differs in its host config."""
    settings = roots.config_of("web", WEB, MountPoints=mounts or {})
    settings["State"] |= {"Running": False, "Pid": 0, "FinishedAt": CREATED}
    settings["NetworkSettings"]["Networks"] = {"bridge": place()} if networks is None else networks
    config = roots.host_config(**{"RestartPolicy": {"Name": "no"}, "NetworkMode": "default", **host})
    return lambda tree: roots.put_container(tree, "web", settings, config)


def failed(error: str, code: int, *, by_hand: bool) -> Callable[[Tree], None]:
    """The engine could not start the container, which restarts by itself; ``by_hand`` says a person stopped it since."""
    settings = roots.config_of("web", WEB, HasBeenManuallyStopped=by_hand)
    settings["State"] |= {"Running": False, "Pid": 0, "ExitCode": code, "Error": error, "StartedAt": NEVER}
    settings["NetworkSettings"]["Networks"]["mesh"] |= {
        "EndpointID": "", "Gateway": "", "IPAddress": "", "IPPrefixLen": 0,
    }  # fmt: skip
    return lambda tree: roots.put_container(tree, "web", settings, roots.host_config())


def published(address: str, *, ipv6: bool) -> Callable[[Tree], None]:
    """The stopped container publishes a port on an address; ``ipv6`` says that the kernel has IPv6."""
    ports = {"80/tcp": [{"HostIp": address, "HostPort": "8080"}]}
    make = stopped(PortBindings=ports, RestartPolicy={"Name": "always"})

    def change(tree: Tree) -> None:
        make(tree)
        tree.put("proc/sys/net/ipv4/ip_forward", "1\n")
        tree.put("proc/sys/kernel/osrelease", "6.12.40+deb13-amd64\n")
        tree.put("proc/cmdline", "ro ipv6.disable=1\n")
        if ipv6:
            tree.put("proc/sys/net/ipv6/conf/all/disable_ipv6", "1\n")

    return change


def running(*, knows: bool) -> Callable[[Tree], None]:
    """The container runs; ``knows`` says that the runtime has its state."""
    settings = roots.config_of("web", WEB)
    settings["State"] |= {"Running": True, "Pid": 4242}

    def change(tree: Tree) -> None:
        roots.put_container(tree, "web", settings, roots.host_config())
        tree.put("proc/4242/comm", "web\n")
        tree.put(f"var/run/docker/containerd/{WEB}/pipe")
        if knows:
            tree.put(f"var/run/docker/runtime-runc/moby/{WEB}/state.json", "{}")

    return change


def device(path: str) -> dict[str, str]:
    """A device that the container is given."""
    return {"PathOnHost": path, "PathInContainer": path, "CgroupPermissions": "rwm"}


def bind(source: str, *, made: bool) -> dict[str, Any]:
    """A bind mount at /v; ``made`` says that the engine makes its source, as with ``-v``."""
    spec = {"Type": "bind", "Source": source, "Target": "/v"}
    return {
        "/v": {
            "Source": source, "Destination": "/v", "RW": True, "Name": "", "Driver": "", "Type": "bind", "Spec": spec,
            "SkipMountpointCreation": not made,
        }
    }  # fmt: skip


def on_bound_volume(device: str) -> Callable[[Tree], None]:
    """The container has a local volume that binds a directory of the host."""
    mount = {"Source": "", "Destination": "/v", "RW": True, "Name": "bound", "Driver": "local", "Type": "volume"}
    options = {"MountType": "none", "MountOpts": "bind", "MountDevice": device, "Quota": {"Size": 0}}

    def change(tree: Tree) -> None:
        stopped(mounts={"/v": mount})(tree)
        tree.directory(f"{roots.ROOT}/volumes/bound/_data")
        tree.put(f"{roots.ROOT}/volumes/bound/opts.json", json.dumps(options, separators=(",", ":")))
        tree.put("etc/hostname", "box")

    return change


def registered(tree: Tree) -> None:
    """The runtime is in the engine's settings, and its program is there."""
    stopped(Runtime="mine")(tree)
    tree.put("etc/docker/daemon.json", '{"runtimes": {"mine": {"path": "/usr/bin/mine"}}}\n')
    tree.put("usr/bin/mine", "#!/bin/sh\n")


def with_sound(tree: Tree) -> None:
    """A device that is a directory."""
    stopped(Devices=[device("/dev/snd")])(tree)
    tree.put("dev/snd/.keep")


CASES = (
    case(
        problem="container-missing",
        name="recreated",
        about="a sidecar shares the network of a container that was recreated",
        change=stopped({}, NetworkMode=f"container:{BEFORE}"),
        findings=(("container-missing", "container", "web network"),),
        fix="manual",
    ),
    case(
        problem="container-missing",
        name="there",
        about="a container shares its IPC namespace with others and joins none",
        change=stopped(IpcMode="private", PidMode=""),
    ),
    case(
        problem="device-missing",
        name="unplugged",
        about="a serial adapter was unplugged",
        change=stopped(Devices=[device("/dev/ttyUSB0")]),
        answers=LIVE,
        findings=(("device-missing", "device", "/dev/ttyUSB0"),),
        fix="manual",
    ),
    case(
        problem="device-missing",
        name="there",
        about="a device that exists",
        change=with_sound,
        answers=LIVE,
    ),
    case(
        problem="mount-source-missing",
        name="share-away",
        about="the share that a container mounts with --mount is not mounted",
        change=stopped(mounts=bind("/srv/share/data", made=False)),
        answers=LIVE,
        findings=(("mount-source-missing", "directory", "/srv/share/data"),),
        fix="manual",
    ),
    case(
        problem="mount-source-missing",
        name="bound-volume",
        about="a volume binds a directory that does not exist, by a relative path",
        change=on_bound_volume("./srv/gone"),
        answers=LIVE,
        findings=(("mount-source-missing", "directory", "/srv/gone"),),
        fix="manual",
    ),
    case(
        problem="mount-source-missing",
        name="healthy-bound-volume",
        about="the directory that a volume binds exists",
        change=on_bound_volume("/etc"),
        answers=LIVE,
    ),
    case(
        problem="mount-source-missing",
        name="made-by-the-engine",
        about="the engine creates the source of -v itself",
        change=stopped(mounts=bind("/srv/new", made=True)),
        answers=LIVE,
    ),
    case(
        problem="network-missing",
        name="never-ran",
        about="a container that never ran uses a network that does not exist",
        change=stopped({"back": place()}, NetworkMode="back"),
        findings=(("network-missing", "network", "back"),),
        fix="manual",
    ),
    case(
        problem="network-missing",
        name="stopped-container",
        about="a network was pruned while its only container was stopped",
        change=stopped({"back": place(GONE)}, NetworkMode="back"),
        findings=(("network-missing", "network", f"back {GONE[:12]}"),),
        fix="manual",
    ),
    case(
        problem="network-missing",
        name="stopped-and-there",
        about="a stopped container's network exists",
        change=stopped({"mesh": place(MESH)}, NetworkMode="mesh"),
    ),
    case(
        problem="network-missing",
        name="swarm-network",
        about="a stopped container is in an overlay network of a swarm, which is kept elsewhere",
        change=stopped({"over": place("q1w2e3r4t5y6u7i8o9p0asdfg")}, NetworkMode="over"),
    ),
    case(
        problem="no-ipv6",
        name="booted-without",
        about="a port on [::1] of a host that was booted with ipv6.disable=1",
        change=published("::1", ipv6=False),
        findings=(("no-ipv6", "container", "web"),),
        fix="manual",
    ),
    case(
        problem="no-ipv6",
        name="healthy-off-by-setting",
        about="IPv6 is off by net.ipv6.conf.all.disable_ipv6, and the kernel has it",
        change=published("::1", ipv6=True),
    ),
    case(
        problem="no-ipv6",
        name="healthy-on-ipv4",
        about="a kernel without IPv6, and a port without an address",
        change=published("", ipv6=False),
    ),
    case(
        problem="runtime-missing",
        name="entry-lost",
        about="the runtime of a GPU container is no longer registered",
        change=stopped(Runtime="nvidia"),
        findings=(("runtime-missing", "runtime", "nvidia"),),
        fix="manual",
    ),
    case(
        problem="runtime-missing",
        name="registered",
        about="runtimes of the settings, of the engine and of containerd",
        change=registered,
        files=({"path": "/usr/bin/mine", "mode": 0o755},),
    ),
    case(
        problem="start-failed",
        name="port-taken",
        about="another program had the port of a container with a restart policy: the engine tried once",
        change=failed(
            "driver failed programming external connectivity on endpoint web: port is already allocated",
            128,
            by_hand=False,
        ),
        answers=NOW,
        findings=(("start-failed", "container", "web"),),
        fix="manual",
    ),
    case(
        problem="start-failed",
        name="healthy-stopped",
        about="the same container, which a user has stopped since",
        change=failed(
            "driver failed programming external connectivity on endpoint web: port is already allocated",
            137,
            by_hand=True,
        ),
        answers=NOW,
    ),
    case(
        problem="runtime-state-missing",
        name="swept",
        about="a cleaner removed the runtime's directory of a running container",
        change=running(knows=False),
        answers=NOW,
        findings=(("runtime-state-missing", "container", "web"),),
        fix="manual",
    ),
    case(
        problem="runtime-state-missing",
        name="healthy",
        about="the runtime has the state of the running container",
        change=running(knows=True),
        answers=NOW,
    ),
)

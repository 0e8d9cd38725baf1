"""Which dockerd is this host's, how it is stopped and started, and what its last words mean."""

import pytest
from msgspec.structs import replace

from doctor.facts.engine.control import EngineControl, Holder
from doctor.facts.engine.data_root import DataRoot, DriverDirectory
from doctor.facts.engine.log import EngineLog, last_start
from doctor.facts.engine.units import EngineUnits, UnitState, parse
from doctor.facts.host.processes import Processes
from doctor.facts.storage.driver import replacement
from doctor.model.missing import Missing, Why
from doctor.model.paths import HostPath
from doctor.model.process import Process
from doctor.model.step import Run, Signal
from doctor.plugins.messages import explained


def process(pid: int, **fields: object) -> Process:
    """A process of the host, unless the fields say otherwise."""
    values = {"ppid": 1, "start_ticks": 1, "state": "S", "comm": "x", "exe": "/usr/bin/dockerd", "argv": ("dockerd",)}
    namespaces = {"pid_namespace": "pid:[1]", "mount_namespace": "mnt:[1]"}
    return Process(**{"pid": pid, **values, **namespaces, **fields})  # type: ignore[arg-type]


FIRST = process(1, exe="/sbin/init", argv=("/sbin/init",))


@pytest.mark.parametrize(
    ("candidate", "is_ours"),
    [
        (process(7), True),
        (process(7, exe="/usr/bin/dockerd (deleted)"), True),
        (process(7, mount_namespace="mnt:[2]", cgroup="/system.slice/docker.service"), True),
        (process(7, pid_namespace="pid:[2]", mount_namespace="mnt:[2]"), False),
        (process(7, mount_namespace="mnt:[2]", cgroup="/docker/4f2a"), False),
        (process(7, uid=1000), False),
        (process(7, state="Z"), False),
        (process(7, exe="/usr/bin/tail", argv=("tail", "-f", "/var/log/dockerd.log")), False),
    ],
)
def test_only_the_hosts_own_dockerd_counts(candidate: Process, is_ours: bool) -> None:
    """Not one in a container, of another user, dead, or something that merely mentions it."""
    found = Processes(items=(FIRST, candidate)).of_host("dockerd")
    assert bool(found) == is_ours


HAND = Holder(
    pid=7, start_ticks=9, name="dockerd", argv=("/usr/bin/dockerd", "--debug"), cwd="/root", stdout="/var/log/d"
)


def test_an_engine_started_by_hand_is_started_again_as_before() -> None:
    """SIGTERM to the very process, and its own command line, directory and log to start it."""
    control = EngineControl(manager="hand", holders=(HAND,), answer=b"{}")
    stop, start = control.stop_steps()[0], control.start_steps()[0]
    assert isinstance(stop, Signal)
    assert isinstance(start, Run)
    assert (stop.pid, stop.start_ticks, stop.signal) == (7, 9, 15)
    assert stop.restart is not None
    assert stop.restart.argv == start.argv == HAND.argv
    assert (start.detach, start.cwd, start.stdout, start.until) == (True, "/root", "/var/log/d", "up")


def test_systemd_stops_the_socket_too() -> None:
    """The socket left alone would start the engine at the first caller; undo reads the units again before its start."""
    control = EngineControl(manager="systemd", units=("docker.socket", "docker.service"), holders=(HAND,))
    stop = control.stop_steps()[0]
    assert isinstance(stop, Run)
    assert stop.argv == ("systemctl", "stop", "docker.socket", "docker.service")
    assert stop.undo[0] == ("systemctl", "daemon-reload")


def test_nothing_is_stopped_where_nothing_runs() -> None:
    """And a mounted root is never started."""
    assert EngineControl(manager="sysv", script="/etc/init.d/docker").stop_steps() == ()
    assert EngineControl(manager="none").start_steps() == ()


def test_a_service_of_its_own_is_started_first() -> None:
    """A dockerd that finds no containerd makes one: so containerd is waited for, by the socket it listened on."""
    service = Holder(pid=8, start_ticks=1, name="containerd", argv=("/usr/bin/containerd",), socket="/run/c.sock")
    control = EngineControl(manager="hand", holders=(HAND,), containerd=(service,), answer=b"{}")
    assert [step.pid for step in control.stop_steps() if isinstance(step, Signal)] == [7]
    assert [step.pid for step in control.stop_steps(with_containerd=True) if isinstance(step, Signal)] == [7, 8]
    (start,) = control.start_containerd_steps()
    assert isinstance(start, Run)
    assert (start.until, start.socket, start.detach) == ("listens", "/run/c.sock", True)
    assert not control.containerd_manual
    unknown = EngineControl(manager="hand", containerd=(replace(service, socket=""),))
    assert "by hand" in unknown.containerd_manual


def test_a_unit_of_containerd_is_asked_of_systemd() -> None:
    """Both ways, whatever its command line is."""
    service = Holder(pid=8, start_ticks=1, name="containerd", unit="containerd.service")
    control = EngineControl(manager="systemd", units=("docker.service",), containerd=(service,))
    stop, start = control.stop_steps(with_containerd=True)[0], control.start_containerd_steps()[0]
    assert isinstance(stop, Run)
    assert isinstance(start, Run)
    assert (stop.argv[1], start.argv[1]) == ("stop", "start")
    assert not control.containerd_manual


SAID = {
    "failed to start daemon: Devices cgroup isn't mounted": "control groups",
    "failed to start daemon: error while opening volume store metadata database: timeout": "another process has locked",
    "unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character '}'": "can't parse daemon.json",
    "failed to start daemon: failed to set log opts: unknown log opt 'max-size' for journald log driver": "logging",
    "failed to start daemon: error initializing graphdriver: driver not supported: overlay3": "storage driver",
    "failed to start daemon, ensure docker is not running or delete /var/run/docker.pid: process with PID 24 is still "
    "running": "pid file",
    'level=fatal msg="failed to dial \\"/run/containerd/containerd.sock\\": context deadline exceeded"': "containerd",
    "failed to start daemon: mkdir /var/lib/docker/tmp: no space left on device": "a disk is full",
    "failed to start daemon: Error initializing network controller: error creating default bridge network: Failed to "
    "program NAT chain: failed to create NAT chain DOCKER: iptables failed": "firewall",
    "conflict labels for rack=5 and rack=4": "rejects a setting",
    'failed to start daemon: Error initializing network controller: error creating default "bridge" network: bridge device'
    " with non default name br0 must be created manually": "something that does not exist",
    'Error during uid lookup for "dockremapper": getent unable to find entry "dockremapper" in passwd database': "user namespaces",
}


@pytest.mark.parametrize("line", SAID)
def test_a_fatal_line_has_its_meaning(line: str) -> None:
    """Lines that a real dockerd wrote."""
    fatal = EngineLog(source="log", lines=('level=info msg="Starting up"', line)).fatal
    found = explained([fatal]).get(fatal)
    assert found is not None
    assert SAID[line] in found.best.message.means


def test_only_the_last_start_counts() -> None:
    """An earlier failure was repaired, or not; either way it is old."""
    lines = ['level=info msg="Starting up"', "failed to start daemon: old", 'level=info msg="Starting up"', "fine"]
    assert EngineLog(source="log", lines=tuple(last_start(lines))).fatal == ""


def test_units_survive_their_own_rendering() -> None:
    """A prediction is read back unchanged."""
    unit = UnitState(
        name="docker.service", load="loaded", active="failed", sub="failed", result="exit-code", restarts=4
    )
    units = EngineUnits(units=(unit, UnitState(name="docker.socket", load="loaded", active="active")))
    assert parse(units.render().decode()) == units
    after = units.changed("docker.service", active="active", needs_reload=False).get("docker.service")
    assert (after.active, after.restarts) == ("active", 0)


def test_without_a_data_root_the_engine_chooses() -> None:
    """Nothing can be hidden where nothing is."""
    assert replacement(Missing(Why.ABSENT, "none"), "aufs", (29, 0, 0), "ext4") == ""


@pytest.mark.parametrize(
    ("bad", "drivers", "wanted"),
    [
        ("aufs", [("overlay2", False, 3)], "overlay2"),
        ("aufs", [], ""),
        ("aufs", [("aufs", False, 0)], None),
        ("aufs", [("aufs", True, 0)], ""),
        ("aufs", [("overlay2", False, 3), ("vfs", False, 1)], None),
        ("overlay3", [("btrfs", False, 2)], None),
        ("overlay3", [("devicemapper", False, 2)], None),
    ],
)
def test_naming_another_driver_never_hides_images(
    bad: str, drivers: list[tuple[str, bool, int]], wanted: str | None
) -> None:
    """Only where all images belong to one driver that works here, or where there are none and nothing was left."""
    found = tuple(
        DriverDirectory(name=name, exists=True, is_empty=empty, images=images, layers=images, containers=0)
        for name, empty, images in drivers
    )
    root = DataRoot(
        path=HostPath("/var/lib/docker"),
        resolved=HostPath("/var/lib/docker"),
        entries={},
        uid=0,
        gid=0,
        mode=0o710,
        is_of_root=True,
        device=1,
        mount=None,
        drivers=found,
        configured_driver=bad,
    )
    assert replacement(root, bad, (29, 0, 0), "ext4") == wanted

"""Which containerd starts the containers of a host, and whether its engine can be asked."""

from pathlib import Path

import pytest

from doctor.collect.starts.containerd import host_containerd
from doctor.collect.starts.engine import starting_engine
from doctor.collect.starts.load import host_load
from doctor.facts.config.engine import DaemonJson, EffectiveSetting, EngineConfig, EngineFlags
from doctor.facts.containerd.service import ContainerdService, RunningContainerd
from doctor.facts.engine.state import EngineAnswer, EngineState
from doctor.facts.host.processes import Processes
from doctor.facts.starts.containerd import HostContainerd
from doctor.host.recorded import RootHost
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.process import Process

GONE = Missing(Why.ABSENT, "not here")
RUNS, DOWN = EngineState(status="running", pid=2), EngineState(status="down")
SERVICE = ContainerdService()


def config(**settings: str | bool) -> EngineConfig:
    return EngineConfig(
        settings={key: EffectiveSetting(value=value, origin="flag") for key, value in settings.items()},
        flags=EngineFlags(launcher="", launcher_file="", configured=(), running=None),
        json=DaemonJson(path=HostPath("/etc/docker/daemon.json")),
    )


def process(pid: int, *argv: str, ppid: int = 1, state: str = "S") -> Process:
    return Process(pid=pid, ppid=ppid, start_ticks=pid, state=state, comm="x", exe=argv[0], argv=argv)


DOCKERD = process(2, "/usr/sbin/dockerd")
OWN = process(3, "/usr/bin/containerd", "--config", "/var/run/docker/containerd/containerd.toml", ppid=2)
OTHER = process(4, "/usr/bin/containerd")
K3S = process(
    5, "/var/lib/k3s/containerd", "-a", "/run/k3s/c.sock", "--root", "/var/lib/k3s/c", "--state", "/run/k3s/c"
)


def look(
    top: Path, state: EngineState, *running: Process, service: ContainerdService = SERVICE, **settings: str
) -> HostContainerd:
    return host_containerd(RootHost(str(top)), config(**settings), state, Processes(items=running), service)


def test_the_engines_own_is_preferred_to_a_service(tmp_path: Path) -> None:
    """Both run on a node of Kubernetes with the engine of a distribution."""
    found = look(tmp_path, RUNS, DOCKERD, OWN, OTHER)
    assert (found.socket, found.is_own, found.pid) == ("/var/run/docker/containerd/containerd.sock", True, 3)
    assert found.directories == ("/var/lib/docker/containerd/daemon", "/var/run/docker/containerd/daemon")


def test_the_engine_uses_the_service(tmp_path: Path) -> None:
    """By its default, or by a socket that it is given."""
    found = look(tmp_path, RUNS, DOCKERD, OTHER)
    assert (found.socket, found.is_own, found.pid) == ("/run/containerd/containerd.sock", False, 4)
    service = ContainerdService(running=(RunningContainerd(pid=4, socket="unix:///run/other.sock"),), exists=True)
    assert look(tmp_path, RUNS, DOCKERD, OTHER, service=service).socket == "/run/other.sock"
    assert look(tmp_path, RUNS, DOCKERD, OTHER, containerd="/run/given.sock").socket == "/run/given.sock"


def test_one_that_should_run(tmp_path: Path) -> None:
    """The engine runs, and its containerd does not: that is what the rung must find."""
    found = look(tmp_path, RUNS, DOCKERD)
    assert (found.is_own, found.pid) == (True, 0)


def test_an_engine_without_a_process_here(tmp_path: Path) -> None:
    """Its socket is mounted from another machine or namespace: nothing is known of its containerd."""
    with pytest.raises(HostError, match="no containerd runs"):
        look(tmp_path, RUNS)


def test_without_an_engine(tmp_path: Path) -> None:
    """One by itself, or that of k3s; an engine that is down has taken its own with it."""
    assert look(tmp_path, DOWN, OTHER).socket == "/run/containerd/containerd.sock"
    found = look(tmp_path, DOWN, K3S)
    assert (found.socket, found.directories) == ("/run/k3s/c.sock", ("/var/lib/k3s/c", "/run/k3s/c"))
    with pytest.raises(HostError, match="no containerd runs"):
        look(tmp_path, DOWN)


def test_that_of_a_snap_is_left_out(tmp_path: Path) -> None:
    """It may read only the files of its snap."""
    with pytest.raises(HostError, match="snap"):
        look(tmp_path, RUNS, DOCKERD, process(3, "/snap/docker/1/bin/containerd", ppid=2))


@pytest.mark.parametrize(("state", "is_stopped"), [("S", False), ("R", False), ("T", True), ("t", True)])
def test_a_signal_stopped_it(tmp_path: Path, state: str, *, is_stopped: bool) -> None:
    """A debugger stops it too."""
    assert look(tmp_path, RUNS, DOCKERD, process(4, "/usr/bin/containerd", state=state)).is_stopped is is_stopped


@pytest.mark.parametrize(
    ("status", "silent", "starts_now"),
    [("running", "", False), ("hung", "why", False), ("starting", "why", True)],
)
def test_an_engine_that_runs(status: str, silent: str, *, starts_now: bool) -> None:
    """Its process is known; one that does not answer is said."""
    state = EngineState(status=status, pid=2, reason="why")
    found = starting_engine(state, EngineAnswer(), config(), Processes(items=(DOCKERD,)), GONE, GONE, GONE)
    assert (found.pid, found.silent, found.starts_now, found.is_stopped) == (2, silent, starts_now, False)
    assert starting_engine(state, EngineAnswer(), config(init=True), GONE, GONE, GONE, GONE).uses_init


@pytest.mark.parametrize("status", ["absent", "down", "idle"])
def test_an_engine_that_does_not_run(status: str) -> None:
    """It is not started, also not by its socket."""
    with pytest.raises(HostError):
        starting_engine(EngineState(status=status), EngineAnswer(), config(), GONE, GONE, GONE, GONE)


def test_the_load(tmp_path: Path) -> None:
    """Processors are counted as the kernel lists them; nonsense is unreadable."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/loadavg").write_text("9.50 1.00 0.50 1/100 7\n")
    (tmp_path / "proc/stat").write_text("cpu  1 2\ncpu0 1\ncpu1 1\nintr 5\n")
    found = host_load(RootHost(str(tmp_path)))
    assert (found.load, found.processors) == (9.5, 2)
    (tmp_path / "proc/loadavg").write_text("nonsense\n")
    with pytest.raises(HostError):
        host_load(RootHost(str(tmp_path)))

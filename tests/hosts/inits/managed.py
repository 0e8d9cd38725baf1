"""Hosts with the patient running, whose dockerd is a systemd service, an init script's, or somebody's own."""

import contextlib
import time
from collections.abc import Iterator

from tests.hosts.box import Box
from tests.hosts.patient import patient
from tests.hosts.systemd import SystemdHost

MANAGERS = ("systemd", "sysv", "hand")
LOOSE = "loose"
"""A running container without a restart policy: nobody but a repair starts it again."""
MARK = "--max-download-attempts=4"
"""An argument that its manager gives dockerd and that no fault is about."""

_DROP_IN = f"""[Service]
EnvironmentFile=-/etc/sysconfig/docker
ExecStart=
ExecStart=/usr/sbin/dockerd -H fd:// {MARK} $OPTIONS $DOCKER_OPTS
"""
_SCRIPT_OPTIONS = f'DOCKER_OPTS="{MARK}"\n'
_BY_HAND = ("dockerd", MARK, "--log-level=warn")
_KUBELET = "[Service]\nExecStart=/usr/bin/kubelet 100000\n"
_START_S = 20.0


class Managed:
    """A host and the manager of its engine."""

    def __init__(self, box: Box, manager: str) -> None:
        self.box = box
        self.manager = manager

    def start(self) -> None:
        """Start the engine as its manager does; it may refuse to."""
        if self.manager == "systemd":
            self.box.run(["systemctl", "start", "docker"], check=False)
        elif self.manager == "sysv":
            self.box.run(["/etc/init.d/docker", "start"], check=False)
        else:
            self.box.start(_BY_HAND, log="/var/log/dockerd.log")
        self._settle()

    def stop(self) -> None:
        """Stop it as its manager does."""
        if self.manager == "systemd":
            # Its socket stays: so it is with `systemctl restart docker`.
            self.box.run(["systemctl", "stop", "docker.service"])
        elif self.manager == "sysv":
            self.box.run(["/etc/init.d/docker", "stop"])
        else:
            self.box.stop_dockerd()

    def _settle(self) -> None:
        """Wait until it answers or has ended."""
        deadline = time.monotonic() + _START_S
        gone = 0
        while not self.box.engine_answers() and time.monotonic() < deadline and gone < 20:
            gone = 0 if self.box.pids("dockerd") else gone + 1
            time.sleep(0.05)

    def strays(self) -> Iterator[str]:
        """In a few words each: how the running engine is no longer its manager's."""
        pids = [str(pid) for pid in self.box.pids("dockerd")]
        if len(pids) != 1:
            yield f"{len(pids)} processes dockerd"
            return
        with contextlib.suppress(OSError):
            if (noted := self.box.read("/run/docker.pid").strip()) != pids[0]:
                yield f"the pid file names {noted}, dockerd is {pids[0]}"
        cgroup = self.box.read(f"/proc/{pids[0]}/cgroup")
        if self.manager != "systemd":
            return
        for unit in ("docker.service", "docker.socket"):
            state = self.box.run(["systemctl", "is-active", unit], check=False).stdout.strip()
            if state != "active":
                yield f"{unit} is {state}"
        shown = self.box.run(["systemctl", "show", "-P", "MainPID", "-P", "NeedDaemonReload", "docker"]).stdout.split()
        if shown != [pids[0], "no"]:
            yield f"MainPID and NeedDaemonReload are {shown}, dockerd is {pids[0]}"
        if "docker.service" not in cgroup:
            yield "dockerd runs outside its unit"

    def argv(self) -> tuple[str, ...]:
        """Arguments of the running dockerd; none where none runs."""
        for pid in self.box.pids("dockerd"):
            return tuple(self.box.read(f"/proc/{pid}/cmdline").split("\0")[1:-1])
        return ()


def kubelet(box: Box) -> None:
    """Make the host a Kubernetes node: a kubelet runs here and reads the logs of containers."""
    box.write("/var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\ncgroupDriver: cgroupfs\n")
    box.run(["cp", "/usr/bin/sleep", "/usr/bin/kubelet"])
    if isinstance(box, SystemdHost):
        box.write("/etc/systemd/system/kubelet.service", _KUBELET)
        box.run(["systemctl", "daemon-reload"])
        box.run(["systemctl", "start", "kubelet"])
    else:
        box.start(["/usr/bin/kubelet", "100000"])


@contextlib.contextmanager
def managed(manager: str, *, is_node: bool = False) -> Iterator[Managed]:
    """A host whose engine runs the patient, and one container without a restart policy; as a node with a kubelet too."""
    make = SystemdHost if manager == "systemd" else Box
    with make(data_root=patient()) as box:
        made = Managed(box, manager)
        if is_node:
            kubelet(box)
        if manager == "systemd":
            box.write("/etc/systemd/system/docker.service.d/override.conf", _DROP_IN)
            box.run(["systemctl", "daemon-reload"])
            made.stop()
        elif manager == "sysv":
            box.write("/etc/default/docker", _SCRIPT_OPTIONS)
        made.start()
        loose = ("--stop-timeout", "1", "--network", "none", "--name", LOOSE)
        box.docker("run", "-d", *loose, "bb:1", "sleep", "100000")
        yield made

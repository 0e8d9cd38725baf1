"""The box: a throw-away container host made of namespaces over the machine's own root, with a real dockerd.

    with Box() as box:
        box.start_dockerd()
        box.load_images()
        box.docker("run", "--rm", "bb:1", "true")

All of /etc, /usr, the data root, the network, the firewall and the sysctls beneath `net` may be broken in it; the
machine outside sees nothing of it. It needs root, and is gone with the process that made it, whatever ends that.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.hosts import archive, cgroups, images, keeper
from tests.hosts.outside import BOX_ADDRESS
from tests.hosts.sandbox import CHECKOUT, Completed, Sandbox, SandboxError

LOG = "/var/log/dockerd.log"
SOCKET = "/var/run/docker.sock"
INIT_SCRIPT = """#!/bin/sh
# dockerd's settings as distributions read them: Debian's DOCKER_OPTS, Red Hat's OPTIONS (sysv style).
### BEGIN INIT INFO
# Provides:          docker
# Required-Start:    $remote_fs
# Required-Stop:     $remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Docker Engine
### END INIT INFO
DOCKER_OPTS= OPTIONS=
for file in /etc/default/docker /etc/sysconfig/docker; do
    [ -f "$file" ] && . "$file"
done
running() { [ "$(cat "/proc/$(cat /var/run/docker.pid 2>/dev/null)/comm" 2>/dev/null)" = dockerd ]; }
case "$1" in
start) running || eval "setsid --fork /usr/sbin/dockerd $OPTIONS $DOCKER_OPTS" >>/var/log/dockerd.log 2>&1 </dev/null ;;
stop)
    running || exit 0
    pid=$(cat /var/run/docker.pid)
    kill "$pid"
    while [ -e "/proc/$pid" ]; do sleep 0.05; done
    ;;
restart) "$0" stop && "$0" start ;;
status) running || exit 3 ;;
*) echo "usage: $0 start|stop|restart|status" >&2; exit 2 ;;
esac
"""


def why_not() -> str:
    """Why no box can be made here, in words for a skip; empty when one can."""
    if sys.platform != "linux":
        return "a box needs Linux namespaces"
    if os.geteuid() != 0:
        return "a box needs root"
    missing = [name for name in ("dockerd", "docker", "ip", "iptables", "nsenter", "busybox") if not shutil.which(name)]
    if missing:
        return f"a box needs {', '.join(missing)} on this machine (docker.io, iptables, iproute2, busybox-static)"
    if not Path("/sys/fs/cgroup").is_dir() or "cgroup" not in Path("/proc/self/mountinfo").read_text(encoding="utf-8"):
        return "a box needs a mounted cgroup hierarchy"
    kind = subprocess.run(
        ["stat", "-f", "-c", "%T", tempfile.gettempdir()], capture_output=True, text=True, check=False
    )
    if kind.stdout.strip() == "overlayfs":
        return f"overlay2 can't stand on an overlay: set TMPDIR to another file system than {tempfile.gettempdir()}"
    return ""


class Box(Sandbox):
    """A sandbox with a Docker Engine of its own, its data root on a real file system."""

    def __init__(self, workdir: Path | None = None, *, data_root: Path | None = None, keep: bool = False) -> None:
        """Describe a box; see `Sandbox` for workdir and keep.

        Args:
            workdir: an existing directory to work in.
            data_root: a tar of /var/lib/docker to start from (`patient.patient()` makes one).
            keep: leave the work directory behind.
        """
        super().__init__(workdir, keep=keep)
        self._archive = data_root

    def __enter__(self) -> Self:
        super().__enter__()
        # The machine's own script, if any, mounts cgroups, which a box may not.
        self.write("/etc/init.d/docker", INIT_SCRIPT, mode=0o755)
        if self._archive is not None:
            archive.unpack(self._archive, self.data_root)
        return self

    @property
    def data_root(self) -> Path:
        """The outer path of /var/lib/docker: it needs no process of the box."""
        return self.workdir / "docker"

    def start_dockerd(self, *arguments: str, wait: bool = True, settings: bool = False, timeout: float = 30) -> int:
        """Start dockerd and wait until it answers; returns its PID inside, 0 for one that ended before it was seen.

        Args:
            arguments: its options.
            wait: return when it answers on its socket; raise SandboxError with its log when it ends before.
            settings: start it as a distribution's service does, by /etc/init.d/docker, which reads DOCKER_OPTS of
                /etc/default/docker and OPTIONS of /etc/sysconfig/docker. Without it dockerd is started by hand.
            timeout: seconds to wait.
        """
        log = self.path(LOG)
        begin = log.stat().st_size if log.exists() else 0
        if settings:
            self.run(["/etc/init.d/docker", "start"])
            pid = self._await_begun(begin, timeout)
        else:
            pid = self.start(["dockerd", *arguments], log=LOG)
        if wait:
            self._await_engine(pid, begin, timeout)
        return pid

    def _await_begun(self, log_begin: int, timeout: float) -> int:
        """Wait for the dockerd of the init script; one that refuses its settings may have written its log and ended by now."""
        log = self.path(LOG)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            has_written = log.exists() and log.stat().st_size > log_begin
            if pids := self.pids("dockerd"):
                return pids[0]
            if has_written:
                return 0
            time.sleep(0.02)
        raise SandboxError(f"no dockerd within {timeout} s")

    def _await_engine(self, pid: int, log_begin: int, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not self.engine_answers():
            gone = not pid or not self.exists(f"/proc/{pid}")
            if gone or time.monotonic() > deadline:
                log = self.path(LOG).read_bytes()[log_begin:].decode(errors="replace")
                raise SandboxError(f"dockerd {'ended' if gone else 'did not answer'}: {log[-3000:]}")
            time.sleep(0.03)

    def engine_answers(self) -> bool:
        """Does dockerd answer `GET /_ping` on its socket."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(2)
                client.connect(str(self.path(SOCKET)))
                client.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return client.recv(64).startswith(b"HTTP/1.0 200")
        except OSError:
            return False

    def pids(self, name: str) -> list[int]:
        """PIDs inside of the processes called name (as in /proc/PID/comm) that are no zombies, lowest first."""
        found = []
        for entry in Path(f"/proc/{self.pid}/root/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
                except OSError:
                    continue
                comm, _, rest = stat.partition("(")[2].rpartition(")")
                if comm == name and rest.split()[0] != "Z":
                    found.append(int(entry.name))
        return sorted(found)

    def stop_dockerd(self, timeout: float = 30) -> None:
        """End dockerd as `systemctl stop` does: SIGTERM, containers are stopped, and wait until it is gone."""
        running = self.pids("dockerd")
        if running:
            self.run(["kill", *map(str, running)])
        deadline = time.monotonic() + timeout
        while self.pids("dockerd"):
            if time.monotonic() > deadline:
                raise SandboxError(f"dockerd did not end within {timeout} s: {self.log()[-3000:]}")
            time.sleep(0.02)

    def power_loss(self, *, network: bool = False) -> None:
        """End everything as a power cut does: no process gets a word in, and what lived in memory is gone.

        Mounts beneath the data roots go, and /run/docker* and /run/containerd. With network, so does the network
        namespace with all that it held; its uplink is as when the box was made, and the files in /etc/sysctl.d are applied as at
        a boot. Further addresses of the network outside are gone.
        """
        request = {
            "op": "power-loss",
            "beneath": ["/var/lib/docker", "/var/lib/containerd", "/run"],
            "empty": ["/run/docker*", "/run/containerd*", "/run/runc", "/run/doctor*"],
            "network": network,
        }
        self.ask(request, [], timeout=30)
        cgroups.remove(self.cgroups(), keep_top=True)
        if network:
            self.outside(["ip", "link", "delete", "eth0"], check=False)
            keeper.join_networks(self.pid, self.outside_pid)
            self.write("/proc/sys/net/ipv4/ip_forward", "0\n")
            self.run(["sysctl", "--system"], check=False)

    def log(self) -> str:
        """All that dockerd has written in this box."""
        return self.read(LOG) if self.exists(LOG) else ""

    def doctor(self, *arguments: str, timeout: float = 120, env: Mapping[str, str] | None = None) -> Completed:
        """Run this checkout's installed `doctor` inside; the exit code is for the caller to judge."""
        return self.run([self.doctor_path, *arguments], check=False, timeout=timeout, env=env)

    @property
    def doctor_path(self) -> str:
        """The command under test, the same inside and outside: the installed one, or the program that DOCTOR_COMMAND names."""
        return os.environ.get("DOCTOR_COMMAND") or str(CHECKOUT / ".venv/bin/doctor")

    def fetch(self, port: int, *, path: str = "/", address: str = BOX_ADDRESS, timeout: float = 3) -> str:
        """Return the HTTP answer of a published TCP port of the box to a client outside; empty without an answer."""
        url = f"http://{address}:{port}{path}"
        try:
            done = self.outside(["busybox", "wget", "-q", "-T", "2", "-O", "-", url], check=False, timeout=timeout)
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout if done.returncode == 0 else ""

    def load_images(self) -> None:
        """Build the images of the patient, and nothing else, with the dockerd that runs."""
        images.build(self)

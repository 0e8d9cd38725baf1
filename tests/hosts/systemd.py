"""A throw-away host with Debian's systemd as PID 1: units, drop-ins, timers, journald, and what survives a reboot.

    with SystemdHost() as host:
        host.run(["systemctl", "enable", "--now", "docker"])
        host.reboot()

Its root is built once by mmdebstrap from this machine's release, so that the checkout's interpreter is the same inside,
and kept in the cache; each host lays an overlay over it. It has a network of its own with the same outside as a box.
"""

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self

from tests.hosts import archive
from tests.hosts.box import Box, why_not
from tests.hosts.sandbox import SandboxError

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "docker.io",
    "docker-cli",
    "iptables",
    "nftables",
    "iproute2",
    "kmod",
    "procps",
    "cron",
    "busybox-static",
    "python3",
)
_MASKED = (
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "console-getty.service",
    "getty@.service",
    "sys-kernel-debug.mount",  # debugfs and tracefs are the machine's, whatever the namespace
    "sys-kernel-tracing.mount",
    "systemd-logind.service",
)
_UNITS = "/etc/systemd/system"


def why_no_systemd() -> str:
    """Why no systemd host can be made here, in words for a skip; empty when one can."""
    reason = why_not()
    if reason:
        return reason.replace("a box", "a systemd host")
    if "cgroup2" not in Path("/proc/self/mountinfo").read_text(encoding="utf-8"):
        return "a systemd host needs the cgroup v2 hierarchy mounted"
    if not shutil.which("mmdebstrap") and not _cached_roots():
        return "a systemd host needs mmdebstrap on this machine"
    return ""


def _cached_roots() -> list[Path]:
    return list(archive.cache_directory().glob("systemd-root-*"))


def systemd_root() -> Path:
    """The directory with the root file system; built once (about half a minute), then taken from the cache."""
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "stable")
    key = "\n".join(["1", suite, *PACKAGES, *_MASKED])
    return archive.cached("systemd-root", key, lambda target: _build(suite, target))


def _build(suite: str, target: Path) -> None:
    partial = target.with_name(f"partial-{os.getpid()}")
    without = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale", "info")]
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", f"--include={','.join(PACKAGES)}", *without]
    done = subprocess.run([*command, suite, str(partial)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise SandboxError(f"mmdebstrap failed: {done.stderr[-2000:]}")
    # Without it systemd would take each boot for the first one and enable every unit again.
    (partial / "etc/machine-id").write_text(hashlib.sha256(suite.encode()).hexdigest()[:32] + "\n", encoding="utf-8")
    for unit in _MASKED:
        link = partial / _UNITS[1:] / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    partial.rename(target)


class SystemdHost(Box):
    """A box whose PID 1 is systemd; dockerd is its unit docker.service."""

    def __init__(self, workdir: Path | None = None, *, data_root: Path | None = None, keep: bool = False) -> None:
        """Describe a host; the arguments are those of `Box`. Entering it boots it."""
        super().__init__(workdir, data_root=data_root, keep=keep)
        self._root = systemd_root()

    def __enter__(self) -> Self:
        super().__enter__()
        self._await_boot()
        return self

    def _order(self) -> dict[str, Any]:
        return super()._order() | {"lower": str(self._root), "init": ["/lib/systemd/systemd"]}

    def _await_boot(self, timeout: float = 60) -> None:
        """Wait until systemd has nothing more to do; a unit that failed is a matter for the test."""
        deadline = time.monotonic() + timeout
        state = ""
        while time.monotonic() < deadline:
            state = self.run(["systemctl", "is-system-running", "--wait"], check=False, timeout=timeout).stdout.strip()
            if state in {"running", "degraded"}:
                return
            time.sleep(0.05)
        raise SandboxError(
            f"systemd is '{state}' after {timeout} s: {self.run(['journalctl', '-b', '-n', '30']).stdout}"
        )

    def reboot(self, *, clean: bool = True) -> None:
        """End PID 1 and start it again over the same files, with an empty /run and a fresh network.

        Args:
            clean: units are stopped in order (`systemctl poweroff`); else it is a power loss.
        """
        if clean:
            with contextlib.suppress(SandboxError, subprocess.TimeoutExpired, ConnectionError):
                self.run(["systemctl", "poweroff"], check=False, timeout=20)
            deadline = time.monotonic() + 30
            while os.path.exists(f"/proc/{self.pid}/ns/pid") and time.monotonic() < deadline:
                time.sleep(0.02)
        self._stop_keeper("keep")
        self._start_keeper(self._order())
        self._await_boot()

    def start_dockerd(self, *arguments: str, wait: bool = True, settings: bool = True, timeout: float = 30) -> int:  # noqa: ARG002
        """Start docker.service; options belong into daemon.json, a drop-in or /etc/default/docker."""
        if arguments:
            raise SandboxError("a unit takes no arguments: write them where the unit reads them")
        done = self.run(["systemctl", "start", "docker"], check=False, timeout=timeout)
        if done.returncode != 0 and wait:
            raise SandboxError(f"docker.service did not start: {self.journal('docker')[-3000:]}")
        return int(self.run(["systemctl", "show", "-P", "MainPID", "docker"]).stdout)

    def stop_dockerd(self, timeout: float = 60) -> None:
        """Stop docker.service, and its socket, which would start it again."""
        self.run(["systemctl", "stop", "docker.socket", "docker.service"], timeout=timeout)

    def power_loss(self, *, network: bool = True) -> None:  # noqa: ARG002
        """A power cut and the boot after it; dockerd starts if its unit is enabled."""
        self.reboot(clean=False)

    def journal(self, unit: str) -> str:
        """Return what a unit has written to the journal in this boot."""
        return self.run(["journalctl", "-b", "-u", unit, "-o", "cat", "--no-pager"], check=False).stdout

    def log(self) -> str:
        """All that dockerd has written in this boot."""
        return self.journal("docker")

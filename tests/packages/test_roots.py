"""The packages in roots of their own: installed, upgraded, removed, purged, and what is left."""

import os
import subprocess
from pathlib import Path

import pytest

from doctor.cli.commands import units
from doctor.cli.commands.guard_unit import MADE

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
STATE = "var/lib/doctor/runs/0001-20261101-081512/journal"
DROP_IN = "etc/systemd/system/docker.service.d/50-doctor-guard.conf"
SERVICE = "etc/systemd/system/doctor-scan.service"
CRON = "etc/cron.d/doctor"
# Logs, caches and databases of the package managers.
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
OWN = ("var/lib/dpkg", "var/lib/rpm", "var/cache", "var/log", "etc/ld.so.cache", "root", "var/lib/apt", "dev", "tmp")


class Manager:
    """One of the two package managers, on one root."""

    def __init__(self, kind: str, root: Path, built: Path) -> None:
        """Take the packages of both releases."""
        self.kind, self.root = kind, root
        pattern = "container-doctor_*-{}_amd64.deb" if kind == "deb" else "container-doctor-*-{}.x86_64.rpm"
        self.first, self.second = (str(next(built.glob(pattern.format(release)))) for release in (1, 2))

    def install(self, package: str) -> str:
        """Install or upgrade."""
        if self.kind == "deb":
            return self._run("dpkg", f"--root={self.root}", "-i", package)
        return self._run("rpm", "--root", self.root, "--nodeps", "-U", package)

    def remove(self) -> str:
        """Remove, and keep settings."""
        if self.kind == "deb":
            return self._run("dpkg", f"--root={self.root}", "-r", "container-doctor")
        return self._run("rpm", "--root", self.root, "-e", "container-doctor")

    def purge(self) -> str:
        """Remove all that the manager knows; rpm has no such thing."""
        return self._run("dpkg", f"--root={self.root}", "-P", "container-doctor") if self.kind == "deb" else ""

    def chroot(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the root."""
        return subprocess.run(
            ["chroot", self.root, *argv], capture_output=True, text=True, check=False, timeout=60, env=ENV
        )

    @staticmethod
    def _run(*argv: object) -> str:
        words = [str(word) for word in argv]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120, env=ENV)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(params=["deb", "rpm"])
def manager(request: pytest.FixtureRequest, root: Path, built: Path) -> Manager:
    return Manager(request.param, root, built)


def listed(root: Path) -> set[str]:
    """Return all files of a root but those of package managers."""
    found = set()
    for top, folders, files in os.walk(root):
        for name in (*files, *folders):
            path = os.path.relpath(os.path.join(top, name), root)
            if not f"{path}/".startswith(tuple(f"{own}/" for own in OWN)):
                found.add(path)
    return found


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def furnish(root: Path, program: str = "/usr/bin/doctor") -> None:
    """Write what a host has after some use: a repair, the guard, a schedule."""
    put(root, STATE, "precious\n")
    put(root, "etc/doctor/doctor.toml", 'allow = "safe"\n')
    put(root, DROP_IN, f"# {MADE}\n[Service]\nExecStartPre=/bin/sh -c 'true' doctor-guard {program}\n")
    put(root, SERVICE, f"# {units.MADE}\n[Service]\nExecStart={program} scan --scheduled\n")
    put(root, CRON, f"# {units.MADE}\n4 4 * * * root {program} scan --scheduled\n")


def test_installed_upgraded_removed_and_what_is_left(manager: Manager) -> None:
    root = manager.root
    before = listed(root)
    manager.install(manager.first)
    assert manager.chroot("doctor", "--version").stdout.startswith("doctor 0.")
    assert manager.chroot("doctor", "scan", "-q").returncode in {0, 1, 3}
    assert "doctor*" in manager.chroot("docker", "--help").stdout
    assert manager.chroot("docker", "doctor", "--version").stdout.startswith("doctor 0.")
    assert manager.chroot("docker", "doctor", "scan", "--nonsense").returncode == 2
    assert "usage: doctor-runtime" in manager.chroot("doctor-runtime", "--help").stdout
    assert manager.chroot("/usr/libexec/docker/cli-plugins/docker-doctor", "scan", "--help").returncode == 0
    for path in ("usr/share/bash-completion/completions/doctor", "usr/share/man/man1/doctor-scan.1.gz"):
        assert (root / path).is_file()
    furnish(root)
    manager.install(manager.second)
    kept = {STATE, DROP_IN, SERVICE, CRON, "etc/doctor/doctor.toml"}
    assert kept <= listed(root)
    shown = manager.remove()
    assert "kept /var/lib/doctor" in shown
    left = listed(root) - before
    print(f"{manager.kind}: left after a removal: {sorted(left)}")
    assert not {DROP_IN, SERVICE, CRON, "usr/bin/doctor"} & left
    assert {STATE, "etc/doctor/doctor.toml"} <= left
    manager.purge()
    left = {path for path in listed(root) - before if not (root / path).is_dir()}
    print(f"{manager.kind}: files left after a purge: {sorted(left)}")
    assert (root / STATE).read_text() == "precious\n"
    assert {path for path in left if not path.startswith("var/lib/doctor/")} == {"etc/doctor/doctor.toml"}
    manager.install(manager.second)
    assert manager.chroot("doctor", "--version").returncode == 0


def test_what_another_doctor_wrote_stays(manager: Manager) -> None:
    """A doctor of pipx has its own guard and schedule."""
    manager.install(manager.first)
    furnish(manager.root, "/usr/local/bin/doctor")
    manager.remove()
    assert {DROP_IN, SERVICE, CRON} <= listed(manager.root)


def test_a_removal_without_a_working_program_succeeds(manager: Manager) -> None:
    manager.install(manager.first)
    furnish(manager.root)
    (manager.root / "usr/bin/doctor").unlink()
    stamp = "var/lib/systemd/timers/stamp-doctor-scan.timer"
    put(manager.root, stamp, "")
    manager.remove()
    assert not {"usr/bin/doctor", DROP_IN, SERVICE, CRON, stamp} & listed(manager.root)

"""``doctor guard install|remove|status``: a drop-in of docker.service that runs the guard before every start."""

import os
from contextlib import suppress

from doctor.cli import installed, spelled, units
from doctor.cli.common import Shared
from doctor.cli.guard import STOP
from doctor.model.errors import DoctorError

DROP_IN = "50-doctor-guard.conf"
MADE = "Made by 'doctor guard install'; 'doctor guard remove' takes it away."
_UNITS = "/etc/systemd/system"
_SYSTEMD = "/run/systemd/system"
# A shell stands between, so that only the one code stops the start: not a doctor that is gone, broken or killed.
_TEXT = """\
# {made}
[Service]
ExecStartPre=/bin/sh -c 'env "$$@" guard; [ $$? -ne {stop} ]' doctor-guard {command}
"""


def text() -> str:
    """Return the drop-in for the doctor that runs."""
    words = [*(f"{name}={value}" for name, value in spelled.moved()), installed.command()]
    return _TEXT.format(made=MADE, stop=STOP, command=" ".join(units.unit_word(word, dollar="$$") for word in words))


def install(shared: Shared, *, directory: str = _UNITS, systemd: str = _SYSTEMD) -> int:
    """Put the guard in front of docker.service, show what was written, and return 0. A second call changes nothing."""
    installed.need_root("install the guard")
    if not os.path.isdir(systemd):
        raise DoctorError(
            f"this host does not run systemd (there is no {systemd}), and only systemd runs a command before another service",
            do="put 'doctor guard' before dockerd into the init script, and go on unless it exits with "
            f"{STOP} (OpenRC: in start_pre() of /etc/conf.d/docker)",
        )
    if installed.systemctl("show", "docker.service", "--property=LoadState").strip() != "LoadState=loaded":
        raise DoctorError("this host has no docker.service", do="install the engine's package first")
    path = _path(directory)
    wanted = text()
    installed.warn(installed.command(), shared)
    changed = installed.write(path, wanted, MADE)
    installed.show(path, wanted, shared, is_new=changed)
    if changed:
        installed.systemctl("daemon-reload")
    installed.tell(shared, "each start of the engine is guarded; 'doctor guard' does the same by hand")
    return 0


def remove(shared: Shared, *, directory: str = _UNITS, systemd: str = _SYSTEMD) -> int:
    """Take the guard away again, kept copies and backups stay. Return 0, also where there was none."""
    installed.need_root("remove the guard")
    path = _path(directory)
    if MADE not in installed.read(path):
        installed.tell(shared, "there was no guard")
        return 0
    os.unlink(path)
    # Only an empty one goes: other drop-ins are somebody's own.
    with suppress(OSError):
        os.rmdir(os.path.dirname(path))
    if os.path.isdir(systemd):
        installed.systemctl("daemon-reload")
    installed.tell(shared, f"removed {path}; copies and metadata backups stay")
    return 0


def status(*, directory: str = _UNITS, systemd: str = _SYSTEMD) -> int:
    """Print whether the guard is installed and in force; return 0."""
    path = _path(directory)
    if MADE not in installed.read(path):
        print(spelled.pasted("not installed; 'doctor guard install' does it"))
        return 0
    print(path)
    if os.path.isdir(systemd):
        shown = installed.systemctl("show", "docker.service", "--property=ExecStartPre")
        print(
            "in force" if "doctor-guard" in shown else "not in force: another drop-in clears it, or see daemon-reload"
        )
    return 0


def _path(directory: str) -> str:
    return os.path.join(directory, "docker.service.d", DROP_IN)

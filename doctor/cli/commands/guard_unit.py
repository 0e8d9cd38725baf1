"""``doctor guard install|remove|status``: a drop-in of docker.service that runs the guard before each start."""

import os
from contextlib import suppress

from doctor.cli import installed, spelled
from doctor.cli.commands import units
from doctor.cli.commands.guard import STOP
from doctor.cli.common import SharedOptions
from doctor.engines.docker import places as docker
from doctor.model.errors import DoctorError
from doctor.model.text import visible

DROP_IN = "50-doctor-guard.conf"
MADE = "Written by 'doctor guard install'; 'doctor guard remove' removes it."
_UNITS = "/etc/systemd/system"
_SYSTEMD = "/run/systemd/system"
# A shell runs it, so that only this one exit code stops the start, and a missing, broken or killed doctor does not.
_TEXT = """\
# {made}
[Service]
ExecStartPre=/bin/sh -c 'env "$$@" guard; [ $$? -ne {stop} ]' doctor-guard {command}
"""


def text() -> str:
    """Return the drop-in that runs this installation of doctor."""
    words = [*(f"{name}={value}" for name, value in spelled.moved()), installed.command()]
    return _TEXT.format(made=MADE, stop=STOP, command=" ".join(units.unit_word(word, dollar="$$") for word in words))


def install(shared: SharedOptions, *, directory: str = _UNITS, systemd: str = _SYSTEMD) -> int:
    """Install the drop-in of docker.service, show it, and return 0. A second call is a no-op."""
    installed.need_root("install the guard")
    if not os.path.isdir(systemd):
        raise DoctorError(
            f"this host does not run systemd ({systemd} is missing), and the guard needs a systemd drop-in",
            do="call 'doctor guard' before dockerd in the init script, and do not start dockerd if it exits with "
            f"{STOP} (OpenRC: in start_pre() of /etc/conf.d/docker)",
        )
    if installed.systemctl("show", docker.SERVICE, "--property=LoadState").strip() != "LoadState=loaded":
        raise DoctorError(f"{docker.SERVICE} is missing on this host", do="install the engine's package first")
    path = _path(directory)
    wanted = text()
    installed.warn(installed.command(), shared)
    changed = installed.write(path, wanted, MADE)
    installed.show(path, wanted, shared, is_new=changed)
    if changed:
        installed.systemctl("daemon-reload")
    installed.say(shared, "the guard runs before each engine start; 'doctor guard' runs it by hand")
    return 0


def remove(shared: SharedOptions, *, directory: str = _UNITS, systemd: str = _SYSTEMD) -> int:
    """Remove the guard; copies and backups are kept. Return 0, also if it was not installed."""
    installed.need_root("remove the guard")
    path = _path(directory)
    if MADE not in installed.read(path):
        installed.say(shared, "the guard is not installed")
        return 0
    os.unlink(path)
    # Remove the directory only if it is empty: other drop-ins belong to the user.
    with suppress(OSError):
        os.rmdir(os.path.dirname(path))
    if os.path.isdir(systemd):
        installed.systemctl("daemon-reload")
    installed.say(shared, f"removed {path}; copies and metadata backups are kept")
    return 0


def status(*, directory: str = _UNITS, systemd: str = _SYSTEMD) -> int:
    """Print whether the guard is installed and active; return 0."""
    path = _path(directory)
    if MADE not in installed.read(path):
        print(spelled.pasted("not installed; 'doctor guard install' installs it"))
        return 0
    print(path)
    if program := installed.gone(installed.read(path)):
        print(
            visible(
                spelled.pasted(
                    f"not active: {program} is missing or can't be executed; the engine starts without the guard: "
                    "run 'doctor guard install'"
                )
            )
        )
        return 0
    if os.path.isdir(systemd):
        shown = installed.systemctl("show", docker.SERVICE, "--property=ExecStartPre")
        print(
            "active"
            if "doctor-guard" in shown
            else "not active: run 'systemctl daemon-reload', or another drop-in clears it"
        )
    return 0


def _path(directory: str) -> str:
    return os.path.join(directory, f"{docker.SERVICE}.d", DROP_IN)

"""Paths of doctor's own files."""

import os

STATE_DIR = "/var/lib/doctor"
CONFIG = "/etc/doctor/doctor.toml"


def state_dir() -> str:
    """Return the directory of history, backups and runs; ``DOCTOR_STATE_DIR`` overrides it.

    For a user other than root it is under XDG_STATE_HOME (default ~/.local/state).
    """
    moved = os.environ.get("DOCTOR_STATE_DIR")
    if moved:
        return os.path.abspath(moved)
    if os.geteuid() == 0:
        return STATE_DIR
    base = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(base, "doctor")


def config_file() -> str:
    """Return the settings file; ``DOCTOR_CONFIG`` overrides it."""
    return os.environ.get("DOCTOR_CONFIG") or CONFIG


def runs_dir() -> str:
    """Return the directory with one subdirectory a repair."""
    return os.path.join(state_dir(), "runs")

"""Parts of a bundle that several rungs make: its files, and the name of its control group."""

import os
from typing import Any

from doctor.runtime.base import commands
from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.rungs import elf
from doctor.runtime.rungs.stage import Workspace


def program(line: str) -> bytes:
    """The test program, which prints a line. Raises LaunchError on a machine without one."""
    image = elf.program(line, elf.machine())
    if image is None:
        raise LaunchError(f"doctor has no test program for {elf.machine()}")
    return image


def announce_group(staged: Workspace, given: dict[str, Any]) -> str:
    """Announce the container's group, and return its name as in config.json."""
    parent = str(given.get("parent") or "")
    if given.get("systemd"):
        systemctl = commands.find("systemctl")
        if systemctl is not None and os.path.isdir("/run/systemd/system"):
            # A pattern: without a match, as after a complete start, it succeeds.
            staged.before("command", systemctl, "stop", "--no-block", f"doctor-{staged.token}*.scope")
        return f"{parent or 'system.slice'}:doctor:{staged.token}"
    path = f"{parent.rstrip('/')}/{staged.token}"
    staged.before("cgroup", path if path.startswith("/") else f"/{path}")
    return path if path.startswith("/") else f"/{path}"


def write(path: str, content: bytes, mode: int) -> None:
    """Write a new file; another umask must not change its mode."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as target:
        target.write(content)
    os.chmod(path, mode)

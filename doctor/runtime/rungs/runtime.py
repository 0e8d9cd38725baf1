"""The rung of the host's runtime (runc, crun): it runs a bundle of doctor's own, as containerd's shim calls it.

    program           path of the runtime
    arguments         its own arguments (`runtimeArgs` of the engine's settings)
    environment       of the runtime, an object
    limits            object: name of a limit ("NOFILE") → [soft, hard] of the engine's process, which a shim inherits
    systemd           whether groups are made by systemd ("--systemd-cgroup"); `parent` is their slice or directory
    seccomp           as the engine puts it into config.json; null for its default profile, {} for none
    apparmor, rlimits, cgroup_namespace     as the engine puts them into config.json

Output: {"exit", "stdout", "stderr", "log", "refused", "expected"}: how the runtime ended, the errors it logged, the system's
words if it could not be executed, and the line that the program prints.
"""

import json
import os
import resource
import select
import signal
from typing import Any

from doctor.runtime.rungs.bundle import announce_group, program, write
from doctor.runtime.rungs.config import config
from doctor.runtime.rungs.keeper import prctl
from doctor.runtime.rungs.stage import Workspace

_MOST_BYTES = 1 << 16
_SET_PDEATHSIG = 1


def attempt(staged: Workspace, given: dict[str, Any]) -> dict[str, Any]:
    """Make the bundle and run it."""
    line = f"{staged.token} started by {os.path.basename(str(given['program']))}\n"
    image = program(line)
    top = staged.directory
    write(f"{top}/start", image, 0o755)
    os.mkdir(f"{top}/rootfs", 0o755)
    group = announce_group(staged, given)
    document = config(root="rootfs", program=f"{top}/start", group=group, given=given)
    write(f"{top}/config.json", json.dumps(document).encode(), 0o600)
    argv = [str(given["program"]), *map(str, given.get("arguments") or ())]
    options = ["--root", f"{top}/state", "--log", f"{top}/log.json", "--log-format", "json"]
    options += ["--systemd-cgroup"] if given.get("systemd") else []
    staged.before("command", *argv, "--root", f"{top}/state", "delete", "--force", staged.token)
    found = _ended([*argv, *options, "run", "--bundle", top, staged.token], given)
    return {**found, "log": _logged(f"{top}/log.json"), "expected": line}


def undo(words: list[str]) -> None:
    """Nothing: what this rung makes is removed by commands and groups."""


def _ended(argv: list[str], given: dict[str, Any]) -> dict[str, Any]:
    """Run a program to its end, under the limits of the engine's process."""
    pipes = [os.pipe(), os.pipe(), os.pipe()]
    pid = os.fork()
    if not pid:
        _execute(argv, given, [writing for _, writing in pipes])
    for _, writing in pipes:
        os.close(writing)
    said = _read([reading for reading, _ in pipes])
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return {
        "exit": code,
        "refused": os.strerror(int(said[2])).lower() if said[2] else "",
        "stdout": said[0].decode("utf-8", "replace"),
        "stderr": said[1].decode("utf-8", "replace"),
    }


def _execute(argv: list[str], given: dict[str, Any], writing: list[int]) -> None:
    try:
        prctl(_SET_PDEATHSIG, signal.SIGKILL)
        os.dup2(writing[0], 1)
        os.dup2(writing[1], 2)
        for name, (soft, hard) in (given.get("limits") or {}).items():
            _limit(name, soft, hard)
        environment = {str(name): str(value) for name, value in (given.get("environment") or {}).items()}
        os.execve(argv[0], argv, environment)  # noqa: S606 - a program, not a line of a shell
    except OSError as error:
        os.write(writing[2], str(error.errno).encode())
    finally:
        os._exit(127)


def _limit(name: str, soft: int, hard: int) -> None:
    number = getattr(resource, f"RLIMIT_{name}", None)
    if number is None:
        return
    try:
        resource.setrlimit(number, (soft, hard))
    except (OSError, ValueError):
        return  # the same limit as doctor's own is as near as it gets


def _read(reading: list[int]) -> list[bytes]:
    """Read each pipe to its end. A process of the container that stays keeps them open: the keeper ends it."""
    said = dict.fromkeys(reading, b"")
    left = set(reading)
    while left:
        ready, _, _ = select.select(list(left), [], [])
        for descriptor in ready:
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                left.discard(descriptor)
            elif len(said[descriptor]) < _MOST_BYTES:
                said[descriptor] += chunk
    return [said[descriptor] for descriptor in reading]


def _logged(path: str) -> list[str]:
    """The messages of level error in the runtime's log, as the shim reads it."""
    try:
        with open(path, "rb") as source:
            lines = source.read(_MOST_BYTES).splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and record.get("level") in {"error", "fatal"}:
            found.append(str(record.get("msg", "")))
    return found

"""Reads recorded answers of a host from a TOML file: its commands, engine and processes.

The file stands beside a case's ``host`` directory as ``answers.toml``::

    live = true                      # the host was running; commands not listed are "not installed"
    now = 1700000000
    [[command]]
    argv = ["iptables-save"]
    stdout = "..."                   # or stdout_file = "iptables-save.txt", relative to this file
    exit = 0
    [[api]]
    path = "/info"
    status = 200
    body = "{}"
    [[process]]
    pid = 42
    argv = ["/usr/sbin/dockerd"]
    exe = "/usr/sbin/dockerd"
    [[statfs]]
    path = "/var/lib/docker"         # and paths beneath it; the other numbers are those of an empty disk of 100 GiB
    magic = 0x58465342
    [kernel_log]
    now = 90000.0                    # seconds since the boot, as the times of its lines
    text = "<3>[89990.1] ..."
    [[deleted]]                      # a deleted file that a process has open: the fields of DeletedFile
    pid = 42
    [[network]]                      # a network namespace: the fields of NetNamespace; no pid: the host's
    pid = 42
    links = [{index = 1, name = "lo", flags = 8}]
    [[route]]                        # a question (RouteQuestion) and the kernel's answer (RouteAnswer)
    destination = "192.0.2.80"
    answer = {error = "ENETUNREACH"}
    [[missing]]
    source = "/etc/docker/daemon.json"   # a path, a joined argv or an API path
    why = "denied"                       # denied, timed out, unreadable
"""

import os
import tomllib
from collections.abc import Iterator
from typing import Any

import msgspec

from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.routing import RouteAnswer, RouteQuestion
from doctor.host.base import ApiAnswer, CommandResult, DeletedFile, KernelRing, Process, StatFs
from doctor.host.recorded import RecordedAnswers
from doctor.model.errors import UsageError
from doctor.model.missing import Why


def load(path: str) -> RecordedAnswers:
    """Return the recording in a file. Raises ``UsageError`` if it does not have the form above."""
    try:
        with open(path, "rb") as stream:
            data = tomllib.load(stream)
        return parse(data, os.path.dirname(path))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"can't read recorded answers: {error}", where=path) from error


def parse(data: dict[str, Any], folder: str = "") -> RecordedAnswers:
    """Return the recording in a TOML document; ``folder`` is where its ``stdout_file`` are."""
    return RecordedAnswers(
        commands={tuple(entry["argv"]): _command(entry, folder) for entry in data.get("command", ())},
        engine={
            entry["path"]: ApiAnswer(entry.get("status", 200), entry["body"].encode()) for entry in data.get("api", ())
        },
        processes=tuple(_process(entry) for entry in data["process"]) if "process" in data else _none(data),
        now=data.get("now"),
        live=data.get("live", False),
        statfs={entry["path"]: _statfs(entry) for entry in data.get("statfs", ())},
        kernel_log=_kernel_log(data["kernel_log"]) if "kernel_log" in data else None,
        deleted=tuple(DeletedFile(**entry) for entry in data.get("deleted", ())),
        networks=dict(_networks(data)),
        routes=dict(_routes(data)),
        missing={entry["source"]: Why(entry["why"]) for entry in data.get("missing", ())},
    )


def _networks(data: dict[str, Any]) -> Iterator[tuple[int, NetNamespace]]:
    for entry in data.get("network", ()):
        found = msgspec.convert(entry, NetNamespace)
        yield found.pid, found


def _routes(data: dict[str, Any]) -> Iterator[tuple[RouteQuestion, RouteAnswer]]:
    for entry in data.get("route", ()):
        answer = msgspec.convert(entry["answer"], RouteAnswer)
        yield msgspec.convert({key: value for key, value in entry.items() if key != "answer"}, RouteQuestion), answer


def _kernel_log(entry: dict[str, Any]) -> KernelRing:
    text = entry["text"].encode()
    return KernelRing(text, float(entry["now"]), entry.get("size_bytes", len(text)))


def _none(data: dict[str, Any]) -> tuple[Process, ...] | None:
    return () if data.get("live", False) else None


def _command(entry: dict[str, Any], folder: str) -> CommandResult:
    stdout = entry.get("stdout", "").encode()
    if "stdout_file" in entry:
        with open(os.path.join(folder, entry["stdout_file"]), "rb") as stream:
            stdout = stream.read()
    return CommandResult(entry.get("exit", 0), stdout, entry.get("stderr", "").encode())


def _statfs(entry: dict[str, Any]) -> StatFs:
    given = {key: value for key, value in entry.items() if key != "path"}
    size = given.get("size_bytes", 100 << 30)
    files = given.get("files", 6 << 20)
    free = given.get("free_bytes", size)
    defaults = {
        "magic": 0xEF53,
        "size_bytes": size,
        "free_bytes": free,
        "available_bytes": free,
        "files": files,
        "files_free": files,
        "read_only": False,
    }
    return StatFs(**{**defaults, **given})


def _process(entry: dict[str, Any]) -> Process:
    argv = tuple(entry.get("argv", ()))
    exe = entry.get("exe", argv[0] if argv else "")
    defaults = {"ppid": 1, "start_ticks": 1000, "state": "S", "comm": exe.rpartition("/")[2][:15], "exe": exe}
    return Process(**{**defaults, **entry, "argv": argv})

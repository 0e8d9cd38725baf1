"""Reads the text that ``doctor explain`` looks at: standard input, or the journal of a unit; limited in time and size."""

import os
import re
import sys
import time

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.engine.log import last_start
from doctor.host.base import Host
from doctor.host.readable import readable
from doctor.model.errors import UsageError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath

_KEPT = 4 << 20
"""Bytes of the end that are looked at."""
_READ = 4 << 30
_SECONDS = 30.0
_JOURNAL_SECONDS = 10.0
_LINES = "2000"
_ENGINES_UNIT = "docker"


class Given(Struct, frozen=True):
    """The lines of one run of a program, and a remark on what was not read, "" if nothing was left."""

    lines: list[str]
    remark: str = ""


def is_piped() -> bool:
    """Whether standard input is a pipe or a file with a text."""
    try:
        return sys.stdin is not None and not os.isatty(sys.stdin.fileno())
    except (OSError, ValueError):
        return False


def from_stdin() -> Given:
    """Return the lines of standard input: of a long one, the end."""
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        raise UsageError("standard input is closed", do="pipe a log, or paste a line in quotes") from None
    tail, total, remark = b"", 0, ""
    end = time.monotonic() + _SECONDS
    while True:
        left = end - time.monotonic()
        if left <= 0 or total >= _READ or not readable(descriptor, left):
            remark = f"standard input did not end: only what came within {_SECONDS:.0f} s is examined"
            break
        try:
            block = os.read(descriptor, 1 << 20)
        except OSError as error:
            raise UsageError("standard input can't be read", do=error.strerror or "pipe a log") from None
        if not block:
            break
        total += len(block)
        tail = (tail + block)[-_KEPT:] if len(tail) + len(block) > 2 * _KEPT else tail + block
    if not remark and total > _KEPT:
        remark = f"only the last {_KEPT >> 20} MiB of {total >> 20} MiB are examined"
    lines = _lines(tail[-_KEPT:])
    # The beginning of the first line may be missing, and with it the name of a secret.
    return Given(last_start(lines[1:] if total > _KEPT and len(lines) > 1 else lines), remark)


def from_unit(host: Host, unit: str) -> Given:
    """Return the lines of a unit's last start from the journal; the engine's with those of its socket, after its containerd's."""
    if not re.fullmatch(r"[\w@.:\\-]{1,128}", unit) or unit.startswith("-"):
        raise UsageError(f"'{unit}' is not the name of a unit", do="use a name like docker, containerd or kubelet")
    if unit.removesuffix(".service") == _ENGINES_UNIT:
        lines = [*_journal(host, "containerd"), *_journal(host, unit, docker.SOCKET_UNIT)]
    else:
        lines = _journal(host, unit)
    if not lines:
        raise UsageError(
            f"the journal has no lines of {unit} that this user may read", do="use sudo, or check the unit's name"
        )
    return Given(lines)


def _journal(host: Host, *units: str) -> list[str]:
    if not host.exists(HostPath("/run/systemd/system")):
        raise UsageError("this host has no journal", do="pipe the log: 'doctor explain - < /var/log/docker.log'")
    named = tuple(word for unit in units for word in ("-u", unit))
    argv = ("journalctl", *named, "-n", _LINES, "-o", "cat", "--no-pager", "-q")
    try:
        said = host.run(argv, timeout_s=_JOURNAL_SECONDS)
    except HostError as error:
        raise UsageError("the journal can't be read", do=error.missing.reason) from None
    return last_start(_lines(said.stdout[-_KEPT:]))


def _lines(text: bytes) -> list[str]:
    return [line.strip() for line in text.decode("utf-8", "surrogateescape").split("\n") if line.strip()]

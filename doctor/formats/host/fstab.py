"""Reads /etc/fstab, and edits it without changing any other byte."""

import re
from collections.abc import Callable

from msgspec import Struct

_FIELDS = r"(?s)(\s*)(\S+)(\s+)(\S+)(\s+)(\S+)(\s+)(\S+)(.*)"


class FstabLine(Struct, frozen=True, kw_only=True):
    """One line.

    Attributes:
        source: "/dev/sdb1", "UUID=…", "nas:/export".
        point: where it is mounted, without a slash at its end; "none" for swap.
        fs_type: "ext4", "swap".
        options: as written.
    """

    source: str
    point: str
    fs_type: str
    options: tuple[str, ...]


def parse(text: str) -> tuple[FstabLine, ...]:
    r"""The lines that mount something. Never raises.

    >>> parse("# a\nUUID=1 /srv/a\\040b/ ext4 defaults,noexec 0 2\n")[0].point
    '/srv/a b'
    """
    found = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 4 and not fields[0].startswith("#"):
            point = fields[1].replace("\\040", " ").rstrip("/") or "/"
            options = tuple(fields[3].split(","))
            found.append(FstabLine(source=fields[0], point=point, fs_type=fields[2], options=options))
    return tuple(found)


def with_options(text: str, point: str, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> str:
    r"""The text with the options of the mount at ``point`` changed.

    >>> with_options("UUID=1  /srv ext4 noexec,noatime 0 2\n", "/srv", lambda all: tuple(o for o in all if o != "noexec"))
    'UUID=1  /srv ext4 noatime 0 2\n'
    """
    lines = []
    for old in text.splitlines(keepends=True):
        line, found, entries = old, re.match(_FIELDS, old), parse(old)
        if found is not None and entries and entries[0].point == point:
            options = change(entries[0].options) or ("defaults",)
            line = "".join((*found.groups()[:7], ",".join(options), found[9]))
        lines.append(line)
    return "".join(lines)


def without_swap(text: str) -> str:
    r"""The text with its swap areas commented out.

    >>> without_swap("/dev/sda3 none swap sw 0 0\n/dev/sda1 / ext4 defaults 0 1\n")
    '# /dev/sda3 none swap sw 0 0\n/dev/sda1 / ext4 defaults 0 1\n'
    """
    lines = text.splitlines(keepends=True)
    return "".join(f"# {line}" if any(one.fs_type == "swap" for one in parse(line)) else line for line in lines)

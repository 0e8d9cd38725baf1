"""Reads /etc/hosts: the addresses of names."""

from msgspec import Struct


class HostsEntry(Struct, frozen=True, kw_only=True):
    """One line: an address, its names, and the line's number."""

    address: str
    names: tuple[str, ...]
    line: int


def parse(text: str) -> tuple[HostsEntry, ...]:
    r"""The entries in order; the first one with a name counts. Never raises: other lines are skipped.

    >>> parse("127.0.0.1\tlocalhost # me\n")
    (HostsEntry(address='127.0.0.1', names=('localhost',), line=1),)
    """
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        address, *names = line.partition("#")[0].split() or [""]
        if names:
            found.append(HostsEntry(address=address, names=tuple(names), line=number))
    return tuple(found)


def addresses(entries: tuple[HostsEntry, ...], name: str) -> tuple[str, ...]:
    """The addresses of a name, in the order of the file; names are case-insensitive."""
    wanted = name.lower()
    return tuple(entry.address for entry in entries if wanted in map(str.lower, entry.names))

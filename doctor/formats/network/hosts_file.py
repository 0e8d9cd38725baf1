"""/etc/hosts: which address the host's own tables give to a name."""

from msgspec import Struct


class HostsEntry(Struct, frozen=True, kw_only=True):
    """One line: an address, its names, and the line's number."""

    address: str
    names: tuple[str, ...]
    line: int


def parse(text: str) -> tuple[HostsEntry, ...]:
    r"""The entries in order; the first that has a name counts. Never raises: what is no entry is skipped.

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
    """The addresses of a name, in the order of the file; names differ in no case."""
    wanted = name.lower()
    return tuple(entry.address for entry in entries if wanted in map(str.lower, entry.names))

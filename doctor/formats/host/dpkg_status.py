"""Reads /var/lib/dpkg/status: the few packages that matter to a container host, out of thousands."""

from collections.abc import Iterable
from mmap import mmap

from msgspec import Struct


class Package(Struct, frozen=True, kw_only=True):
    """One package that dpkg knows.

    Attributes:
        name: the package.
        version: as Debian writes it ("5:26.1.4-1~debian.12~bookworm").
        status: the three words of dpkg ("install ok installed").
    """

    name: str
    version: str
    status: str

    @property
    def is_installed(self) -> bool:
        """Whether it is unpacked and configured."""
        return self.status.endswith(" installed")

    @property
    def is_held(self) -> bool:
        """Whether it is held back from upgrades."""
        return self.status.startswith("hold ")


def find(data: bytes | mmap, names: Iterable[str]) -> tuple[Package, ...]:
    r"""The packages with these names, in the order of the names; one per architecture.

    Never raises. Only the requested paragraphs are parsed, the rest is skipped by a byte search.

    >>> status = b"Package: a\n\nPackage: runc\nStatus: hold ok installed\nVersion: 1.1.15+ds1-2\n\n"
    >>> package = find(status, ["docker.io", "runc"])[0]
    >>> package.version, package.is_held
    ('1.1.15+ds1-2', True)
    """
    found = []
    for name in names:
        head = f"Package: {name}\n".encode()
        start = data.find(head)
        while start >= 0:
            if start == 0 or data[start - 1 : start] == b"\n":
                found.append(_package(name, data, start))
            start = data.find(head, start + 1)
    return tuple(found)


def _package(name: str, data: bytes | mmap, start: int) -> Package:
    end = data.find(b"\n\n", start)
    # A paragraph is a few kilobytes; in a truncated file it has no end.
    paragraph = data[start : min(len(data) if end < 0 else end, start + (1 << 20))].decode("utf-8", "replace")
    fields: dict[str, str] = {}
    for line in paragraph.split("\n"):
        key, colon, value = line.partition(":")
        if colon and key in {"Version", "Architecture", "Status"}:
            fields.setdefault(key, value.strip())
    return Package(
        name=name,
        version=fields.get("Version", ""),
        status=fields.get("Status", ""),
    )

"""Reads /etc/os-release: the distribution of a host."""

from msgspec import Struct

from doctor.formats.config import words


class OsRelease(Struct, frozen=True, kw_only=True):
    """The distribution.

    Attributes:
        id: "debian", "ubuntu", "rhel"; "linux" if it is missing (os-release(5)).
        id_like: parent distributions, nearest first.
        version_id: "13", "24.04"; "" for rolling ones.
        codename: "trixie".
    """

    id: str
    id_like: tuple[str, ...]
    version_id: str
    codename: str

    def is_like(self, family: str) -> bool:
        """Whether it is a distribution or descends from it."""
        return family == self.id or family in self.id_like


def parse(text: str) -> OsRelease:
    r"""The distribution that a file names. Never raises: other lines are skipped.

    >>> parse('ID=ubuntu\nID_LIKE="debian"\nVERSION_ID="24.04"\n').is_like("debian")
    True
    """
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            parts = words.split(value, escapes=False)
            found[name] = parts[0].text if parts else ""
    return OsRelease(
        id=found.get("ID", "linux").lower(),
        id_like=tuple(found.get("ID_LIKE", "").lower().split()),
        version_id=found.get("VERSION_ID", ""),
        codename=found.get("VERSION_CODENAME", ""),
    )

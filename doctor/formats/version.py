"""Parses and compares versions: upstream, Debian, RPM and kernel releases."""

import re
from functools import total_ordering

from msgspec import Struct

_UPSTREAM = re.compile(
    r"v?(\d{1,9}(?:\.\d{1,9})*)(?:-((?:rc|beta|alpha|tp|pre)[.-]?\d*(?:\.\d{1,9})*))?", re.IGNORECASE
)
_KERNEL = re.compile(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-rc(\d{1,9}))?(.*)", re.DOTALL)
_VENDOR = re.compile(r"\.(el\d+|amzn\d+|fc\d+|azl\d+|cm\d+|photon|ph\d+)")
_BUILD = re.compile(r"[-+](\d[\d.]*)")


@total_ordering
class Version(Struct, frozen=True, kw_only=True, eq=False):
    """An upstream version: numbers, and the label of a version before the release ("rc.1"), "" for a release."""

    numbers: tuple[int, ...]
    pre: str = ""

    def __eq__(self, other: object) -> bool:
        # 26.1 and 26.1.0 are one version.
        return isinstance(other, Version) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __lt__(self, other: "Version") -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[tuple[int, ...], bool, tuple[tuple[int, int, str], ...]]:
        length = len(self.numbers)
        while length and not self.numbers[length - 1]:
            length -= 1
        return self.numbers[:length], not self.pre, _split_numbers(self.pre)

    def at_least(self, *numbers: int) -> bool:
        """Whether it is this release or a newer one: `at_least(23, 0)`."""
        return not self < Version(numbers=numbers)

    @property
    def major(self) -> int:
        """The first number, as in "an engine older than 23"."""
        return self.numbers[0]


def parse(text: str) -> Version | None:
    """The upstream version at the start of a text, without a packager's prefix and suffix; None without one.

    >>> parse("5:26.1.4-1~debian.12~bookworm").numbers, parse("20.10.24+dfsg1").numbers, parse("v1.2.0-rc.3").pre
    ((26, 1, 4), (20, 10, 24), 'rc.3')
    """
    head, colon, rest = text.strip().partition(":")
    match = _UPSTREAM.match(rest if colon and head.isdigit() else text.strip())
    if match is None:
        return None
    return Version(numbers=tuple(map(int, match[1].split("."))), pre=(match[2] or "").lower())


class KernelRelease(Struct, frozen=True, kw_only=True):
    """A kernel's release, as `uname -r` has it.

    Attributes:
        text: as given.
        numbers: of upstream, always three or four: 6.1 is (6, 1, 0). Debian's and Ubuntu's third number is 0 for every
            stable update.
        candidate: number of the release candidate; None for a release.
        build: the packager's numbers after the upstream version: (1160, 6, 1) of "3.10.0-1160.6.1.el7.x86_64".
        vendor: "el7", "amzn2", "fc40" …; "uek" for Oracle's; "" if unknown.
        flavour: the rest: "generic", "amd64", "aws", "x86_64".
    """

    text: str
    numbers: tuple[int, ...]
    candidate: int | None
    build: tuple[int, ...]
    vendor: str
    flavour: str

    def at_least(self, *numbers: int) -> bool:
        """Whether upstream's version is this or newer. A release candidate counts as older than its release."""
        wanted = (*numbers, 0, 0)[:3]
        if self.candidate is not None and self.numbers[:3] == wanted:
            return False
        return self.numbers >= wanted


def parse_kernel(text: str) -> KernelRelease | None:
    """A kernel release, None for other text.

    >>> kernel = parse_kernel("3.10.0-1160.6.1.el7.x86_64")
    >>> kernel.numbers, kernel.build, kernel.vendor, kernel.flavour
    ((3, 10, 0), (1160, 6, 1), 'el7', 'x86_64')
    >>> parse_kernel("5.15.0-91-generic").flavour, parse_kernel("7.0-rc1").at_least(7, 0)
    ('generic', False)
    """
    match = _KERNEL.match(text.strip())
    if match is None:
        return None
    numbers = tuple(int(part) for part in (match[1], match[2], match[3] or 0, match[4]) if part is not None)
    rest = match[6]
    vendor = _VENDOR.search(rest)
    build = _BUILD.match(rest)
    behind = rest[build.end() :] if build is not None else rest
    return KernelRelease(
        text=text.strip(),
        numbers=numbers,
        candidate=None if match[5] is None else int(match[5]),
        build=() if build is None else tuple(int(part[:9]) for part in build[1].split(".") if part),
        vendor="uek" if "uek" in rest else (vendor[1] if vendor is not None else ""),
        flavour=_flavour(behind, "" if vendor is None else vendor[1]),
    )


def _flavour(behind: str, vendor: str) -> str:
    if vendor:
        return behind.rpartition(".")[2] if behind.count(".") else ""
    return behind.strip("-+.")


def _split_numbers(text: str) -> tuple[tuple[int, int, str], ...]:
    """Parts in natural order: rc2 before rc10; words after numbers."""
    parts = re.findall(r"\d{1,9}|[a-z]+", text)
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)

"""Parses the output of ``nft -a list chain``: the rules of one chain in nft's own spelling, with their handles."""

import re

from msgspec import Struct

_HANDLE = re.compile(r" # handle (\d+)$")
_COUNTER = re.compile(r"\bcounter packets \d+ bytes \d+")
_INDENT = "\t\t"
_UNREADABLE = re.compile(r'(?:^|\s)xt (?:match|target) "')
"""An extension of iptables, which nft prints and does not read."""


class NftLine(Struct, frozen=True):
    """One rule: its text, which nft reads again, and its handle."""

    text: str
    handle: int

    @property
    def plain(self) -> str:
        """The text without the numbers of its counters."""
        return _COUNTER.sub("counter", self.text)

    @property
    def is_readable(self) -> bool:
        """Whether nft can read the text again."""
        return not _UNREADABLE.search(self.text)


def parse(listed: str) -> tuple[NftLine, ...]:
    r"""Return the rules of a chain, in order. A long anonymous set continues on further lines.

    >>> listed = '''table inet site {
    ... \tchain c { # handle 2
    ... \t\ttype filter hook forward priority filter; policy accept;
    ... \t\tip saddr @bad counter packets 3 bytes 180 drop # handle 5
    ... \t\tip daddr { 192.0.2.1,
    ... \t\t\t   192.0.2.2 } drop # handle 7
    ... \t}
    ... }
    ... '''
    >>> [(line.handle, line.plain) for line in parse(listed)]
    [(5, 'ip saddr @bad counter drop'), (7, 'ip daddr { 192.0.2.1, 192.0.2.2 } drop')]
    """
    found: list[NftLine] = []
    words: list[str] = []
    for line in listed.splitlines():
        if not line.startswith(_INDENT):
            words = []
            continue
        words.append(line.strip())
        end = _HANDLE.search(line)
        if end is not None:
            text = " ".join(words)
            found.append(NftLine(text[: text.rindex(" # handle ")], int(end[1])))
            words = []
        elif len(words) == 1 and line.endswith(";"):
            words = []
    return tuple(found)

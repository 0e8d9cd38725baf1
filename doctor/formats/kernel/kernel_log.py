r"""The kernel's log as syslog(2) returns it: lines "<PRIORITY>[SECONDS] TEXT"."""

import re
from collections.abc import Iterator

from msgspec import Struct

_MOST_LINES = 10_000
_LONGEST = 1000
_LINE = rb"<([0-7])>\[ *(\d{1,12}\.\d{1,6})\](?:\[ *[TC]\d+\])? (.*)"


class LogLine(Struct, frozen=True):
    """A line: seconds since the boot, and its text."""

    seconds: float
    text: str


def lines_with(raw: bytes, words: tuple[bytes, ...]) -> Iterator[LogLine]:
    r"""Yield the kernel's own lines that contain one of the words, oldest first; of many, the last ones.

    Lines that programs wrote to /dev/kmsg have a priority above 7 and are left out. Other text yields nothing.

    >>> list(lines_with(b"<3>[    5.5] disk full\n<12>[    6.0] disk full\n<3>full\n", (b"full",)))
    [LogLine(seconds=5.5, text='disk full')]
    """
    places: dict[int, int] = {}
    for word in words:
        at = raw.find(word)
        while at >= 0:
            end = raw.find(b"\n", at)
            end = len(raw) if end < 0 else end
            places[raw.rfind(b"\n", 0, at) + 1] = end
            at = raw.find(word, end)
    for begin in sorted(places)[-_MOST_LINES:]:
        line = raw[begin : min(places[begin], begin + _LONGEST + 64)]
        match = re.fullmatch(_LINE, line)
        if match is not None:
            yield LogLine(float(match[2]), match[3][:_LONGEST].decode("utf-8", "replace"))

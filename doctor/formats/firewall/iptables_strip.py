"""Removes the engine's own lines from a saved rule file: the engine recreates them, and a saved copy becomes stale."""

import re

_CHAIN = r"DOCKER(?:-ISOLATION(?:-STAGE-[12])?|-FORWARD|-BRIDGE|-CT|-INTERNAL|-INGRESS)?"
_LINE = rf"^(?::{_CHAIN} |(?:\[[0-9:]+\] )?-[AI] (?:{_CHAIN} |\S+ .*-[jg] {_CHAIN}\s*$))"


def engine_lines(text: str) -> tuple[tuple[int, str], ...]:
    r"""The lines that declare a chain of the engine, belong to one, or jump to one, with their numbers from 1.

    DOCKER-USER and jumps to it belong to the administrator and are not included.

    >>> engine_lines("*nat\n:DOCKER - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n-A DOCKER-USER -j DROP\n")
    ((2, ':DOCKER - [0:0]'), (3, '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER'))
    """
    return tuple(
        (number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), start=1) if re.match(_LINE, line)
    )


def without_engine_lines(data: bytes) -> bytes:
    """The file without those lines; everything else is kept byte for byte."""
    text = data.decode("utf-8", "surrogateescape")
    kept = [line for line in text.split("\n") if not re.match(_LINE, line)]
    return "\n".join(kept).encode("utf-8", "surrogateescape")

"""Pings that a rule or a setting drops: often on purpose, so they show nothing until the packets of a program end as well."""

from msgspec.structs import replace

from doctor.facts.path.way import DROPPED, REJECTED, UNKNOWN, Walk

_CLOSED = frozenset({"rule", "echo-ignored"})


def is_closed(walk: Walk) -> bool:
    """Whether only pings may end there."""
    return walk.way.protocol == "icmp" and walk.end in {DROPPED, REJECTED} and walk.cause in _CLOSED


def settled(ping: Walk, program: Walk | None, *, is_served: bool) -> Walk:
    """Return the result of a way whose pings end: that of a program's packets, if it is certain.

    A container may close its own ports; ``is_served``: whether it is known to serve the one that was tried.
    """
    ends = program is not None and program.end in {DROPPED, REJECTED}
    if program is None or (ends and program.place == ping.way.end and not is_served):
        doubt = f"pings are not answered because of {ping.reason}"
        return replace(ping, end=UNKNOWN, cause=UNKNOWN, doubts=(doubt, *ping.doubts))
    return program

"""Rules and routes of the bundled runtime on the host's network, identified by the token of each run."""

from msgspec import Struct

from doctor.model.missing import Missing

MARK = "doctor-runtime:"
"""Prefix of a rule's comment, and of the abstract socket of a live run."""
PROTOCOL = "208"
"""The routing protocol of routes to test containers beyond the uplink."""


class Mark(Struct, frozen=True, kw_only=True):
    """One rule in the format of iptables-save."""

    table: str
    chain: str
    rule: str


class DoctorRuns(Struct, frozen=True, kw_only=True):
    """Stale marks of runs that are over.

    Attributes:
        left: token → rules of a run without a process.
        routes: destination and interface of routes to test containers, if no run is live.
        save: the command that lists the rules.
    """

    left: dict[str, tuple[Mark, ...]] = {}
    routes: tuple[tuple[str, str], ...] = ()
    save: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

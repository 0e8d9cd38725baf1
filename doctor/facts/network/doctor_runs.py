"""What runs of the bundled runtime have on the host's network, by the token that each bears."""

from msgspec import Struct

from doctor.model.missing import Missing

MARK = "doctor-runtime:"
"""How the comment of a rule begins, and the abstract socket of a run that is not over."""
PROTOCOL = "208"
"""The routing protocol of routes to test containers behind the uplink."""


class Mark(Struct, frozen=True, kw_only=True):
    """One rule, as iptables-save prints it."""

    table: str
    chain: str
    rule: str


class DoctorRuns(Struct, frozen=True, kw_only=True):
    """Marks of dead runs.

    Attributes:
        left: token → rules of a run of which no process is left.
        routes: destinations of routes to test containers, where no run is left at all; with the interface.
        save: the command that lists the rules.
    """

    left: dict[str, tuple[Mark, ...]] = {}
    routes: tuple[tuple[str, str], ...] = ()
    save: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

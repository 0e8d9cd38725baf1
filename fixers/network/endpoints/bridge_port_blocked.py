"""Set a bridge port as the engine creates it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.network import ChangeLink
from doctor.facts.path.ends.details import PortBlocked


@fixer(applicability=Applicability.SAFE)
def bridge_port_blocked(detail: PortBlocked) -> Iterator[Action]:
    """Set the wrong settings, and no other."""
    now: dict[str, str | int] = {"dev": detail.port} | {name: value for name, value, _ in detail.settings}
    wanted: dict[str, str | int] = {"dev": detail.port} | {name: value for name, _, value in detail.settings}
    yield ChangeLink(
        do=("brport", "set", wanted),
        undo=("brport", "set", now),
        what=f"set {', '.join(f'{name} {value}' for name, _, value in detail.settings)} on bridge port {detail.port}, as the engine creates it",
    )

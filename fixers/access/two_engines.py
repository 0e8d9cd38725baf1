"""Advise how to keep one of two engines."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.engines.docker import places as docker
from doctor.facts.engine.state import Engines


@fixer(applicability=Applicability.MANUAL)
def two_engines(detail: Engines) -> Iterator[Action]:
    """Show the command that stops each of them."""
    ways = [
        f"to keep {other.root}: "
        + (
            "snap disable docker"
            if one.root == docker.SNAP_ROOT or one.program.startswith("/snap/")
            else _stop(one.pid)
        )
        for one in detail.rivals
        for other in detail.rivals
        if one is not other and one.root != other.root
    ]
    yield Advise(text=f"{'; '.join(ways)}; then restart the one that remains, which gets the socket")


def _stop(pid: int) -> str:
    return f"systemctl disable --now docker.socket docker.service (process {pid})"

"""Advise how to give containers the present socket."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.details import OfContainers


@fixer(applicability=Applicability.MANUAL)
def socket_mount_stale(detail: OfContainers) -> Iterator[Action]:
    """Show the command; when a service may be interrupted is the user's choice."""
    yield Advise(
        text=f"docker restart {' '.join(detail.names)}; so that it does not happen again, mount the directory of the socket in "
        "place of the socket"
    )

"""Advise how to give containers the disk or share that they mount."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.containers.details import SourceUnmounted


@fixer(applicability=Applicability.MANUAL)
def mount_source_unmounted(detail: SourceUnmounted) -> Iterator[Action]:
    """Show the commands; a restart at the wrong moment, or of a container that wrote beneath the mount, is the user's choice."""
    names = " ".join(detail.names)
    mount = "" if detail.is_mounted else f"mount {detail.point} && "
    yield Advise(
        text=f"look whether files were written beneath it: docker exec {detail.names[0]} ls {detail.target}; then: "
        f"{mount}docker restart {names}; for the next boot: systemctl edit docker.service, and in [Unit] "
        f"RequiresMountsFor={detail.point}"
    )

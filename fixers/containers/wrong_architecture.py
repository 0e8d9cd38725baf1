"""Advise how to get an image for this host's architecture."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise, set_aside
from doctor.facts.containers.details import WrongArchitecture
from doctor.facts.host.package_commands import install
from doctor.facts.host.packages import System


@fixer(applicability=Applicability.MANUAL)
def wrong_architecture(detail: WrongArchitecture, system: System | Missing) -> Iterator[Action]:
    """Show the commands; whether the image exists for this architecture is known to its registry."""
    yield Advise(
        text=f"docker pull --platform linux/{detail.machine} {detail.image}; {set_aside(*detail.names)}; create them again; or run it "
        f"slowly with QEMU: {install(system, 'qemu-user-static')}"
    )

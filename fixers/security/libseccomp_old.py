"""Show how to upgrade libseccomp."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.host.package_commands import install, manager
from doctor.facts.host.packages import System


@fixer(applicability=Applicability.MANUAL)
def libseccomp_old(system: System | Missing) -> Iterator[Action]:
    """Advise: the newest package of an old release comes from its backports."""
    name = "libseccomp2" if manager(system) == "apt" else "libseccomp"
    yield Advise(
        text=f"{install(system, name)} (on Debian 10 from buster-backports), or upgrade the engine to 20.10.3 or newer; then docker restart NAME"
    )

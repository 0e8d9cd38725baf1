"""Say which package closes the hole."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.facts.engine.details import Hole
from doctor.facts.host.package_commands import upgrade
from doctor.facts.host.packages import Packages, System


@fixer(applicability=Applicability.MANUAL)
def vulnerable(detail: Hole, system: System | Missing, packages: Packages | Missing) -> Iterator[Action]:
    """Name the package, and where the distribution says whether it has the fix."""
    if not detail.package:
        yield Advise(text=f"{upgrade(system, packages, detail.component)}: a release with the fix is {detail.fixed_in}")
        return
    tracker = "the distribution's security tracker"
    if isinstance(system, System) and system.os.is_like("ubuntu"):
        tracker = f"https://ubuntu.com/security/{detail.ids[0]}"
    elif isinstance(system, System) and system.os.is_like("debian"):
        tracker = f"https://security-tracker.debian.org/tracker/{detail.ids[0]}"
    yield Advise(
        text=f"apt-get install {detail.package} brings what the distribution has; {tracker} shows whether it is fixed"
    )

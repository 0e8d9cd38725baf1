"""Say how one version gets in force."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.engine import RestartEngine
from doctor.facts.host.package_commands import upgrade
from doctor.facts.host.packages import Packages, System


@fixer(applicability=Applicability.DISRUPTIVE)
def mixed_packages(finding: Finding, system: System | Missing, packages: Packages | Missing) -> Iterator[Action]:
    """Restart the engine; containerd is the system's own and left to a person, and so is an upgrade."""
    if finding.subject.kind == "package":
        yield Advise(text=f"{upgrade(system, packages, 'engine', 'cli')}, both together")
    elif finding.subject.name == "dockerd":
        yield RestartEngine(reason="the installed version is in force")
    else:
        yield Advise(text="when it suits: systemctl restart containerd, then the engine; running containers go on")

"""Restart the engine with its installed version, or advise an upgrade."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.engine import RestartEngine
from doctor.engines.docker import places as docker
from doctor.facts.host.package_commands import upgrade
from doctor.facts.host.packages import Packages, System


@fixer(applicability=Applicability.DISRUPTIVE)
def mixed_packages(finding: Finding, system: System | Missing, packages: Packages | Missing) -> Iterator[Action]:
    """Restart the engine; for containerd and for an upgrade, show advice."""
    if finding.subject.kind == "package":
        yield Advise(text=f"{upgrade(system, packages, 'engine', 'cli')}, both together")
    elif finding.subject.name == docker.PROCESS:
        yield RestartEngine(reason="the installed version runs")
    else:
        yield Advise(
            text="at a convenient time: systemctl restart containerd, then restart the engine; with live-restore, containers keep running"
        )

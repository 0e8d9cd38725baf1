"""Restore a program that starts containers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import allow_to_run
from doctor.engines.docker import places as docker
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.host.package_commands import reinstall
from doctor.facts.host.packages import Packages, System


@fixer(applicability=Applicability.SAFE)
def runtime_missing(
    finding: Finding, programs: EnginePrograms, system: System | Missing, packages: Packages | Missing
) -> Iterator[Action]:
    """Make the file executable if that is its only fault; otherwise show advice. doctor installs no packages."""
    name = finding.subject.name
    path, _, problem = programs.broken.get(name, "").partition(": ")
    if problem == "not executable":
        yield allow_to_run(path)
    else:
        yield Advise(text=reinstall(system, packages, "runc" if name == docker.RUNC else "containerd"))

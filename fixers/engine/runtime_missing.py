"""Restore a program that starts containers."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import allow_to_run
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.host.package_commands import reinstall, reinstall_file
from doctor.facts.host.packages import Packages, System


@fixer(applicability=Applicability.SAFE)
def runtime_missing(
    finding: Finding, programs: EnginePrograms, system: System | Missing, packages: Packages | Missing
) -> Iterator[Action]:
    """Make the file executable if that is its only fault; otherwise show advice. doctor installs no packages."""
    name = finding.subject.name
    path, problem = programs.problem(name)
    if problem == "not executable":
        yield allow_to_run(path)
    else:
        component = "containerd" if name == containerd.SHIM else "runc"
        lacks = programs.lacks.get(name, "")
        brings_back = reinstall_file(system, lacks, programs.owners.get(name)) if lacks else ""
        usual = reinstall(system, packages, component) if name in {docker.RUNC, containerd.SHIM} or not path else ""
        yield Advise(text=brings_back or usual)

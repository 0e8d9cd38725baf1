"""Restore docker-init."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import allow_to_run
from doctor.engines.docker import places as docker
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.host.package_commands import reinstall
from doctor.facts.host.packages import Packages, System


@fixer(applicability=Applicability.SAFE)
def docker_init_missing(
    programs: EnginePrograms, system: System | Missing, packages: Packages | Missing
) -> Iterator[Action]:
    """Make the file executable if that is its only fault; otherwise show the command of the package manager."""
    path, problem = programs.problem(docker.INIT)
    if problem == "not executable":
        yield allow_to_run(path)
        return
    yield Advise(text=reinstall(system, packages, "engine"))

"""Restore a program of the engine."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import allow_to_run
from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.engine.missing_programs import MissingProgram
from doctor.facts.host.package_commands import reinstall
from doctor.facts.host.packages import Packages, System

_COMPONENTS = {docker.PROCESS: "engine", containerd.PROCESS: "containerd", docker.RUNC: "runc"}


@fixer(applicability=Applicability.SAFE)
def program_missing(
    detail: MissingProgram | None, system: System | Missing, packages: Packages | Missing
) -> Iterator[Action]:
    """Make the file executable if that is its only fault; otherwise show advice. doctor installs no packages."""
    if detail is None:
        yield Advise(
            text="install the engine (https://docs.docker.com/engine/install/); or 'doctor salvage --to DIR --containers' copies the containers' changes"
        )
    elif detail.problem == "not executable":
        yield allow_to_run(detail.path)
    elif detail.is_packaged:
        yield Advise(text=reinstall(system, packages, _COMPONENTS[detail.name]))
    else:
        unit = docker.SERVICE if detail.name == docker.PROCESS else f"{detail.name}.service"
        yield Advise(
            text=f"restore {detail.path}, or set the correct program in {detail.where}: systemctl edit --full {unit}"
        )

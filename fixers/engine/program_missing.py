"""Bring a program of the engine back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, Missing, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import allow_to_run
from doctor.facts.host.package_commands import reinstall
from doctor.facts.host.packages import Packages, System

_COMPONENTS = {"dockerd": "engine", "containerd": "containerd", "runc": "runc"}


@fixer(applicability=Applicability.SAFE)
def program_missing(finding: Finding, system: System | Missing, packages: Packages | Missing) -> Iterator[Action]:
    """Make it executable where that is all it lacks; doctor installs no packages."""
    gone = finding.detail
    if gone is None:
        yield Advise(
            text="install the engine that made them (https://docs.docker.com/engine/install/); or 'doctor salvage --to DIRECTORY --containers' copies what they wrote"
        )
    elif gone.problem == "not executable":
        yield allow_to_run(gone.path)
    elif gone.is_packaged:
        yield Advise(text=reinstall(system, packages, _COMPONENTS[gone.name]))
    else:
        unit = "docker.service" if gone.name == "dockerd" else f"{gone.name}.service"
        yield Advise(
            text=f"put {gone.path} back, or name the right program in {gone.where}: systemctl edit --full {unit}"
        )

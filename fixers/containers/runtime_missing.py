"""Advise how to register the runtime."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise, set_aside


@fixer(applicability=Applicability.MANUAL)
def runtime_missing(finding: Finding) -> Iterator[Action]:
    """Show the commands; the path of the runtime's program is unknown."""
    name = finding.subject.name
    known = {
        "nvidia": "nvidia-ctk runtime configure --runtime=docker",
        "runsc": "runsc install",
        "sysbox-runc": "reinstall the package sysbox",
    }
    way = known.get(name, f'add "runtimes": {{"{name}": {{"path": "/PATH/TO/{name}"}}}} to /etc/docker/daemon.json')
    yield Advise(
        text=f"{way}, then systemctl reload docker; or create its containers again without --runtime {name}, after {set_aside()}"
    )

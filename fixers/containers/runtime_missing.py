"""Say how to register the runtime again."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise


@fixer(applicability=Applicability.MANUAL)
def runtime_missing(finding: Finding) -> Iterator[Action]:
    """Where its program is, nothing on the host says."""
    name = finding.subject.name
    known = {
        "nvidia": "nvidia-ctk runtime configure --runtime=docker",
        "runsc": "runsc install",
        "sysbox-runc": "install the package sysbox again",
    }
    way = known.get(name, f'add "runtimes": {{"{name}": {{"path": "/PATH/TO/{name}"}}}} to /etc/docker/daemon.json')
    yield Advise(text=f"{way}, then systemctl reload docker; or create its containers again without --runtime {name}")

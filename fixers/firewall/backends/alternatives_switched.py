"""Set the alternative back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, HostPath, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import MakeSymlink

_NAMES = ("iptables", "iptables-save", "iptables-restore")


@fixer(applicability=Applicability.SAFE)
def alternatives_switched(finding: Finding) -> Iterator[Action]:
    """Point the links of /etc/alternatives back to the backend that holds the rules (update-alternatives does the same)."""
    switched = finding.detail
    directory = switched.alternative.rpartition("/")[0]
    if not directory:
        yield Advise(
            text=f"let the command iptables be that of the {switched.wanted} backend again, or stop docker, flush its rules there"
            f" with iptables-{switched.wanted}, and start it"
        )
        return
    for name in _NAMES:
        program = name.replace("iptables", f"iptables-{switched.wanted}")
        yield MakeSymlink(
            path=HostPath(f"/etc/alternatives/{name}"),
            target=f"{directory}/{program}",
            what=f"let the command {name} use {switched.wanted} again",
        )

"""Set the iptables alternative back."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, HostPath, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.files import MakeSymlink
from doctor.facts.firewall.details import Switched

_NAMES = ("iptables", "iptables-save", "iptables-restore")


@fixer(applicability=Applicability.SAFE)
def alternatives_switched(detail: Switched) -> Iterator[Action]:
    """Point the links in /etc/alternatives back to the backend with the rules, as update-alternatives does."""
    directory = detail.alternative.rpartition("/")[0]
    if not directory:
        yield Advise(
            text=f"make the command iptables that of the {detail.wanted} backend again; or stop docker, flush its rules there"
            f" with iptables-{detail.wanted}, and start it"
        )
        return
    for name in _NAMES:
        program = name.replace("iptables", f"iptables-{detail.wanted}")
        yield MakeSymlink(
            path=HostPath(f"/etc/alternatives/{name}"),
            target=f"{directory}/{program}",
            what=f"make the command {name} use {detail.wanted} again",
        )

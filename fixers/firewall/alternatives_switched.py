"""Set the alternative back."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, HostPath, fixer
from doctor.api.actions import Action, MakeSymlink

_NAMES = ("iptables", "iptables-save", "iptables-restore")


@fixer(applicability=Applicability.SAFE)
def alternatives_switched(finding: Finding) -> Iterator[Action]:
    """Point the links of /etc/alternatives back to the backend that holds the rules (update-alternatives does the same)."""
    switched = finding.detail
    for name in _NAMES:
        program = name.replace("iptables", f"iptables-{switched.wanted}")
        yield MakeSymlink(
            path=HostPath(f"/etc/alternatives/{name}"),
            target=f"/usr/sbin/{program}",
            what=f"let the command {name} use {switched.wanted} again",
        )

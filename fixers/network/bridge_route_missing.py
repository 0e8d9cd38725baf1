"""Add the route that the kernel made when the bridge got its address."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink

_LINK_SCOPE = 253
"""RT_SCOPE_LINK, and below RTPROT_KERNEL, of include/uapi/linux/rtnetlink.h."""
_KERNEL = 2


@fixer(applicability=Applicability.SAFE)
def bridge_route_missing(finding: Finding) -> Iterator[Action]:
    """Add it with the same scope and source; where a route of the same prefix is in its place, name the command."""
    lost = finding.detail
    if lost.taken:
        words = f"{lost.subnet} dev {lost.bridge} proto kernel scope link src {lost.source}"
        yield Advise(text=f"ip route replace {words}, when you know who made the route '{lost.taken}'")
        return
    route: dict[str, str | int] = {"dst": lost.subnet, "dev": lost.bridge, "proto": _KERNEL}
    if lost.version == 4:
        route |= {"scope": _LINK_SCOPE, "prefsrc": lost.source}
    else:
        route |= {"family": 10, "priority": 256}
    yield ChangeLink(
        do=("route", "add", route),
        undo=("route", "del", route),
        what=f"add the route to {lost.subnet} by {lost.bridge}",
    )

"""Add the route to a network through its bridge."""

from collections.abc import Iterator
from shlex import quote

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.facts.network.details import LostRoute

_LINK_SCOPE = 253
"""RT_SCOPE_LINK, and below RTPROT_KERNEL, of include/uapi/linux/rtnetlink.h."""
_KERNEL = 2


@fixer(applicability=Applicability.SAFE)
def bridge_route_missing(detail: LostRoute) -> Iterator[Action]:
    """Add the route with the kernel's scope and source; if another route has the same prefix, show the command."""
    if detail.taken:
        words = f"{detail.subnet} dev {quote(detail.bridge)} proto kernel scope link src {detail.source}"
        yield Advise(text=f"find the program that added the route '{detail.taken}', then ip route replace {words}")
        return
    route: dict[str, str | int] = {"dst": detail.subnet, "dev": detail.bridge, "proto": _KERNEL}
    if detail.version == 4:
        route |= {"scope": _LINK_SCOPE, "prefsrc": detail.source}
    else:
        route |= {"family": 10, "priority": 256}
    yield ChangeLink(
        do=("route", "add", route),
        undo=("route", "del", route),
        what=f"add the route to {detail.subnet} through {detail.bridge}",
    )

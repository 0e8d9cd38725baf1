"""Create a container's interface."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.network import ChangeLink
from doctor.api.actions.path.endpoints import SetInside, equip, inside
from doctor.facts.path.ends.details import InterfaceLost


@fixer(applicability=Applicability.SAFE)
def container_interface_missing(finding: Finding, detail: InterfaceLost) -> Iterator[Action]:
    """Create the veth as the engine does, from the inside, so that it has its name at once."""
    place, base = detail.place, detail.base
    if not (detail.bridge and detail.mac and base.address and detail.outer):
        yield Advise(
            text=f"docker network disconnect NETWORK {finding.subject.name}; docker network connect NETWORK {finding.subject.name}"
        )
        return
    yield inside(
        place,
        (
            "link",
            "add",
            {
                "dev": base.device,
                "kind": "veth",
                "peer": detail.outer,
                "address": detail.mac,
                "mtu": detail.mtu,
                "number": detail.number,
                "peer_number": detail.outer_number,
            },
        ),
        ("link", "del", {"dev": base.device}),
        f"create the interface {base.device}",
    )
    yield ChangeLink(
        do=("link", "set", {"dev": detail.outer, "master": detail.bridge, "state": "up"}),
        undo=None,
        what=f"attach {detail.outer} to {detail.bridge}",
    )
    if not detail.has_ipv6:
        yield SetInside(place=place, key=f"net.ipv6.conf.{base.device}.disable_ipv6", value="1", back="0")
    yield inside(
        place,
        ("link", "set", {"dev": base.device, "state": "up"}),
        ("link", "set", {"dev": base.device, "state": "down"}),
        f"set {base.device} up",
    )
    yield from equip(place, base)

"""Set a container's interface as the engine set it."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.endpoints import equip, inside
from doctor.facts.path.ends.details import InterfaceChanged


@fixer(applicability=Applicability.SAFE)
def container_interface_changed(detail: InterfaceChanged) -> Iterator[Action]:
    """Restore its MAC address and ARP, set it up, add what the kernel removed when it went down, and let others ask again."""
    device, place = detail.base.device, detail.place
    if detail.mac:
        yield inside(
            place,
            ("link", "set", {"dev": device, "address": detail.mac}),
            ("link", "set", {"dev": device, "address": detail.mac_now}),
            f"set the MAC address of {device} to {detail.mac}",
        )
    if detail.is_silent:
        yield inside(
            place,
            ("link", "set", {"dev": device, "arp": 1}),
            ("link", "set", {"dev": device, "arp": 0}),
            f"turn ARP of {device} on",
        )
    if detail.is_down:
        yield inside(
            place,
            ("link", "set", {"dev": device, "state": "up"}),
            ("link", "set", {"dev": device, "state": "down"}),
            f"set {device} up",
        )
    yield from equip(place, detail.base)
    for where, name, address in detail.learned:
        yield inside(
            where,
            ("neigh", "del", {"dev": name, "dst": address}),
            None,
            f"delete the learned neighbour entry {detail.mac_now} of {address} on {name}",
            may_fail=True,
        )

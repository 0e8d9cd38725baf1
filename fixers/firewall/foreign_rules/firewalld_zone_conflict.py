"""Take a bridge of the engine out of another zone of firewalld."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.advice import Advise
from doctor.api.actions.firewall.firewalld import ReleaseInterface, forget_interface
from doctor.facts.firewall.details import OtherZone


@fixer(applicability=Applicability.SAFE)
def firewalld_zone_conflict(detail: OtherZone) -> Iterator[Action]:
    """Release it from the zone trusted; a stricter zone may be somebody's decision."""
    if detail.zone == "trusted":
        yield ReleaseInterface(interface=detail.bridge, zone=detail.zone)
        yield forget_interface(detail.bridge, detail.zone)
        return
    yield Advise(
        text=f"firewall-cmd --permanent --zone={detail.zone} --remove-interface={detail.bridge} && firewall-cmd --reload, then"
        f" systemctl start docker: the zone docker accepts everything from containers to this host, {detail.zone} may not"
    )

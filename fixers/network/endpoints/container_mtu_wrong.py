"""Set the MTU of a container's interfaces to that of its network."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.endpoints import inside
from doctor.facts.path.ends.details import MtuWrong


@fixer(applicability=Applicability.SAFE)
def container_mtu_wrong(detail: MtuWrong) -> Iterator[Action]:
    """Set each; the bridge is last, since its largest MTU is that of its smallest port."""
    for place, name, now in detail.links:
        yield inside(
            place,
            ("link", "set", {"dev": name, "mtu": detail.mtu}),
            ("link", "set", {"dev": name, "mtu": now}),
            f"set the MTU of {name} to {detail.mtu}",
        )

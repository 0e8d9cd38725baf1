"""Add the kernel's own rule of routing in a container."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.path.endpoints import inside
from doctor.facts.path.ends.details import RoutingAdded


@fixer(applicability=Applicability.SAFE)
def container_routing_rule_missing(detail: RoutingAdded) -> Iterator[Action]:
    """Add it with the kernel's priority."""
    yield inside(
        detail.place,
        ("rule", "add", detail.request),
        ("rule", "del", detail.request),
        f"add the rule of routing {detail.text}",
    )

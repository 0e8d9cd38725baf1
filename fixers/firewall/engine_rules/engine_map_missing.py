"""Add the missing element, or let the engine recreate what it leads to."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, fixer
from doctor.api.actions.engine import RestartEngine
from doctor.api.actions.firewall.nft_elements import AddNftElement
from doctor.facts.firewall.engine_maps import LostElement, LostLookup
from doctor.facts.firewall.packet_filter import ENGINE_TABLE


@fixer(applicability=Applicability.SAFE)
def engine_map_missing(detail: LostElement | LostLookup) -> Iterator[Action]:
    """Add exactly the element that the engine created; without its chain only a restart of the engine helps."""
    if isinstance(detail, LostElement) and detail.can_return:
        yield AddNftElement(
            family=detail.family, table=ENGINE_TABLE, map=detail.map, key=detail.bridge, chain=detail.chain
        )
        return
    yield RestartEngine(reason="it recreates the chains and rules of its nft table")

"""Let containers' packets through a chain of nft."""

from collections.abc import Iterator

from doctor.api import Applicability, Finding, fixer
from doctor.api.actions import Action
from doctor.api.actions.nft import AcceptInNftChain
from doctor.facts.networks import is_safe_interface


@fixer(applicability=Applicability.DISRUPTIVE)
def foreign_base_chain_drop(finding: Finding) -> Iterator[Action]:
    """Put accepts at the top of the foreign chain: nothing but an accept in that very chain helps."""
    cut = finding.detail
    family, _, table = cut.table.partition(" ")
    bridges = tuple(bridge for bridge in cut.bridges if is_safe_interface(bridge))
    if bridges:
        yield AcceptInNftChain(family=family, table=table, chain=cut.chain, bridges=bridges)

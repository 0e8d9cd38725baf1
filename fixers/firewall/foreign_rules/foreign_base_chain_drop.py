"""Let containers' packets through a chain of nft."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Finding, fixer
from doctor.api.actions.choose import Choose, Option
from doctor.api.actions.nft import AcceptInNftChain
from doctor.facts.firewall.cuts import Cut
from doctor.facts.firewall.ways import POLICY, Guard
from doctor.facts.network.networks import is_safe_interface


@fixer(applicability=Applicability.DISRUPTIVE)
def foreign_base_chain_drop(finding: Finding) -> Iterator[Action]:
    """Put accepts above what drops in the foreign chain: nothing but an accept in that very chain helps."""
    cut: Cut = finding.detail
    bridges = tuple(bridge for bridge in cut.bridges if is_safe_interface(bridge))
    if not bridges:
        return
    family, _, table = cut.table.partition(" ")
    accept = AcceptInNftChain(
        family=family, table=table, chain=cut.chain, bridges=bridges, traffic=cut.traffic, handle=cut.handle,
        passes=(Guard(table=cut.table, chain=cut.chain, text=POLICY if not cut.handle else cut.rule),),
    )  # fmt: skip
    if not cut.is_wish:
        yield accept
        return
    yield Choose(
        question=f"whether containers' packets pass '{cut.rule}' in table {cut.table}, which then has no force over them",
        options=(Option(name="pass", evidence=(Evidence("the rule names traffic", cut.rule),), actions=(accept,)),),
    )

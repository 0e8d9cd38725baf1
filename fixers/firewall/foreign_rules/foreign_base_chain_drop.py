"""Accept containers' packets in a foreign nft chain."""

from collections.abc import Iterator

from doctor.api import Action, Applicability, Evidence, Missing, fixer
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.firewall.nft import AcceptInNftChain
from doctor.api.actions.firewall.rule_questions import removal
from doctor.facts.firewall.cuts import Cut
from doctor.facts.firewall.guard import POLICY, Guard
from doctor.facts.firewall.rule_cuts import RuleCuts, rules_of
from doctor.facts.network.networks import is_safe_interface


@fixer(applicability=Applicability.DISRUPTIVE)
def foreign_base_chain_drop(detail: Cut, texts: RuleCuts | Missing) -> Iterator[Action]:
    """Insert accepting rules above the drop in the foreign chain: only an accept in the same chain helps."""
    bridges = tuple(bridge for bridge in detail.bridges if is_safe_interface(bridge))
    if not bridges:
        return
    family, _, table = detail.table.partition(" ")
    found = rules_of(texts, detail)
    accept = AcceptInNftChain(
        family=family, table=table, chain=detail.chain, bridges=bridges, traffic=detail.traffic, handle=detail.handle,
        rule=found[0].place.text if found and found[0].place.can_return else "",
        passes=(Guard(table=detail.table, chain=detail.chain, text=POLICY if not detail.handle else detail.rule),),
    )  # fmt: skip
    if not detail.is_wish:
        yield accept
        return
    words = found[0].place.words if found else f"'{detail.rule}' in table {detail.table}"
    removals = removal(found[0].place, None) if found else {}
    yield Choose(
        question=f"whether to accept containers' packets before {words}, which then no longer affects them",
        options=(
            Choosable(name="pass", evidence=(Evidence("pass", accept.summary),), actions=(accept,)),
            *(
                Choosable(name=name, evidence=(Evidence(name, action.summary),), actions=(action,))
                for name, action in removals.items()
            ),
        ),
    )

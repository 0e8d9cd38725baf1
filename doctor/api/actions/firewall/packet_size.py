"""The question about rules for which senders do not learn that their packets are larger than an MTU on the way."""

from collections.abc import Iterator

from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.firewall.inside import InContainer
from doctor.api.actions.firewall.iptables import EditFirewall
from doctor.api.actions.firewall.rule_questions import guards, removal, saved_for
from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.firewall.rule_cuts import RuleCut
from doctor.facts.path.own.details import MtuSmall
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
from doctor.formats.firewall.iptables_edit import ChainEdit, WantedRule
from doctor.model.action import Action
from doctor.model.finding import Evidence

_MESSAGES = {"ip": "-p icmp -m icmp --icmp-type 3/4", "ip6": "-p ipv6-icmp -m icmp6 --icmpv6-type 2"}
"""The ICMP message that names an MTU, as iptables-save spells it."""
_OPENING = "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"
_LASTS = "lasts until the rules are loaded again, and not over a boot"


def ask_about_size(detail: MtuSmall, firewalls: PathFirewalls) -> Iterator[Action]:
    """Yield a question for each rule; nothing if nothing can be done and undone exactly."""
    seen: set[str] = set()
    for item in detail.rules:
        name = f"{item.within.container} {item.place.subject}".strip()
        if name in seen:
            continue
        inner = firewalls.containers.get(item.within.inode) if item.within.pid else firewalls.host
        options = () if inner is None else tuple(_options(detail, item, inner, firewalls.host))
        if options:
            where = f" in container {item.within.container}" if item.within.pid else ""
            question = f"how senders shall learn that the MTU of {detail.device} is {detail.mtu}, which {item.place.words}{where} prevents"
            yield Choose(question=question, options=options, subject=name if seen else "")
        seen.add(name)


def _options(detail: MtuSmall, item: RuleCut, lists: RuleLists, own: RuleLists) -> Iterator[Choosable]:
    saved = saved_for(item.place, (one.saved for one in lists.saves))
    changes = {"pass": _accept(item, saved), **removal(item.place, saved)}
    for name, change in changes.items():
        if change is not None:
            action = InContainer(place=item.within, action=change) if item.within.pid else change
            yield Choosable(name=name, evidence=(Evidence(name, f"{action.summary}; it {_LASTS}"),), actions=(action,))
    clamps = tuple(_clamp(detail, own))
    if clamps:
        says = f"only for TCP: {clamps[0].summary}; it {_LASTS}"
        yield Choosable(name="clamp", evidence=(Evidence("clamp", says),), actions=clamps)


def _accept(item: RuleCut, saved: Saved | None) -> EditFirewall | None:
    """Return an accept of the one message that is needed, in front of a rule of iptables."""
    spec = _MESSAGES.get(item.place.family)
    if saved is None or spec is None or not item.place.base.isupper():
        return None
    text = f"-A {item.place.base} {spec} -j ACCEPT"
    return EditFirewall(
        save=saved.save,
        restore=saved.restore,
        table=item.place.table,
        edits=(ChainEdit(chain=item.place.base, layout=(WantedRule(text, head=True),), add=(text,)),),
        what=f"accept ICMP messages about the MTU at the top of {item.place.table} {item.place.base} ({saved.save[0]})",
        passes=guards(item.place),
    )


def _clamp(detail: MtuSmall, lists: RuleLists) -> Iterator[EditFirewall]:
    """Yield the rules by which both ends of a connection ask for packets that fit."""
    for version in detail.versions:
        command = "iptables" if version == 4 else "ip6tables"
        saved = next((one.saved for one in lists.saves if one.saved.save[0].startswith(f"{command}-")), None)
        if saved is None:
            continue
        texts = tuple(f"-A FORWARD {side} {detail.device} {_OPENING}" for side in ("-i", "-o"))
        yield EditFirewall(
            save=saved.save,
            restore=saved.restore,
            table="mangle",
            edits=(ChainEdit(chain="FORWARD", layout=tuple(WantedRule(text) for text in texts), add=texts),),
            what=f"lower the size that TCP asks for through {detail.device} to its MTU, in mangle FORWARD ({saved.save[0]})",
        )

"""Looks up the rules at which packets of containers end.

Loaded only for hosts where packets end at a rule.
"""

import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from doctor.collect.firewall import nft_text
from doctor.facts.firewall.ends.rule_place import RulePlace
from doctor.facts.firewall.own_rules import OwnRules
from doctor.facts.firewall.rule_cuts import RuleCut
from doctor.facts.firewall.rules import EngineRules, FamilyRules
from doctor.facts.network.networks import Networks, is_safe_interface
from doctor.facts.path.ends.details import ContainerPlace
from doctor.facts.path.paths import PathCut
from doctor.facts.path.rule_lists import PathFirewalls, RuleLists
from doctor.facts.path.rules.tables import HOOKS, IptablesRules
from doctor.formats.firewall.iptables_save import Rule
from doctor.formats.firewall.nft_json import NftChain, NftRule
from doctor.host.base import Host
from doctor.model.missing import Missing

_ADDRESS = re.compile(r"(?<![\w.:])[0-9a-f]*[.:][0-9a-f.:]+(?!/(?!32\b|128\b)|[\w.:])")
"""A single address in the text of a rule, not one of a network."""
_HOOKS = frozenset({*HOOKS.values(), "ingress", "egress"})


class CutFacts(Struct, frozen=True, kw_only=True):
    """Facts beside the walks."""

    firewalls: PathFirewalls
    rules: EngineRules | Missing
    networks: Networks | Missing


def found(host: Host, ended: tuple[PathCut, ...], facts: CutFacts) -> tuple[RuleCut, ...]:
    """Return the rule of each cut."""
    families = () if isinstance(facts.rules, Missing) else facts.rules.families
    finder = _Finder(nft_text.NftTexts(host), facts.firewalls.host, families)
    return tuple(_with_networks(finder.of(cut), facts.networks) for cut in ended)


def found_inside(
    host: Host, ended: tuple[PathCut, ...], firewalls: PathFirewalls, places: dict[str, ContainerPlace]
) -> tuple[RuleCut, ...]:
    """Return the rule of each cut in a container's namespace; ``places`` are the namespaces by the container's name."""
    finders: dict[int, _Finder] = {}
    items = []
    for cut in ended:
        place = places.get(cut.rule_home)
        lists = None if place is None else firewalls.containers.get(place.inode)
        if place is None or lists is None:
            continue
        texts = nft_text.NftTexts(host, ("nsenter", f"--net=/proc/{place.pid}/ns/net"))
        finder = finders.setdefault(place.inode, _Finder(texts, lists))
        items.append(replace(finder.of(cut), within=place))
    return tuple(items)


def _with_networks(item: RuleCut, networks: Networks | Missing) -> RuleCut:
    """Return it with the bridges and published ports of the containers concerned; of all, if only new ones are."""
    if isinstance(networks, Missing):
        return item
    names = set(item.cut.containers)
    ids = {one.network_id for one in networks.running if not names or one.container in names}
    versions = {way.version for way in item.cut.ways}
    bridges = {network.id for network in networks.bridges if not network.internal}
    everybody = {one.container for one in networks.running if one.network_id in bridges}
    own = {port.container_ip for version in versions for _, _, port in networks.published(version)}
    return replace(
        item,
        is_for_all=any(
            everybody <= {way.start for way in item.cut.ways if way.kind == kind} for kind in ("egress", "dns")
        ),
        names_container=not own.isdisjoint(_ADDRESS.findall(item.place.text)),
        bridges=tuple(
            network.bridge
            for network in networks.bridges
            if network.id in ids and not network.internal and is_safe_interface(network.bridge)
        ),
        ports=tuple(
            dict.fromkeys(
                (port.protocol, port.host_port, "" if port.is_any else port.host_ip)
                for version in sorted(versions)
                for _, endpoint, port in networks.published(version)
                if port.host_port and (not names or endpoint.container in names)
            )
        ),
    )


class _Finder:
    def __init__(self, texts: nft_text.NftTexts, lists: RuleLists, families: tuple[FamilyRules, ...] = ()) -> None:
        self.texts = texts
        self.lists = lists
        self.families = families
        self.own = {family.version: OwnRules(family) for family in families}

    def of(self, cut: PathCut) -> RuleCut:
        """Return the rule of a cut."""
        save = next((one for one in self.lists.saves if cut.reason.endswith(_place(cut, one))), None)
        return self._of_nft(cut) if save is None else self._of_iptables(cut, save)

    def _of_iptables(self, cut: PathCut, save: IptablesRules) -> RuleCut:
        family, _, table = cut.table.partition(" ")
        hook = HOOKS.get(cut.chain) or _hook(cut)
        base = hook.upper()
        engines = next((one for one in self.families if one.saved.save == save.saved.save), None)
        is_engines = engines is not None and self._is_engines(cut, save, engines)
        command = save.saved.save[0]
        return RuleCut(
            cut=cut,
            place=RulePlace(family=family, table=table, chain=cut.chain, base=base, backend=command, text=cut.rule),
            hook=hook,
            is_engines=is_engines,
            is_plain=cut.rule.startswith(f"-A {base} -j "),
        )

    def _is_engines(self, cut: PathCut, save: IptablesRules, family: FamilyRules) -> bool:
        table = cut.table.partition(" ")[2]
        found = next((rule for rule in save.saved.rules(table, cut.chain) if rule.text == cut.rule), None)
        return isinstance(found, Rule) and self.own[family.version].has(found)

    def _of_nft(self, cut: PathCut) -> RuleCut:
        family, _, table = cut.table.partition(" ")
        own = (one.hook for one in self._chains() if (one.family, one.table, one.name) == (family, table, cut.chain))
        # Answers may end at a hook after that of the rule.
        hook = next(own, "") or _hook(cut)
        bases = [one.name for one in self._chains() if (one.family, one.table, one.hook) == (family, table, hook)]
        rule = self._rule(family, table, cut.handle)
        is_base = cut.chain in bases
        return RuleCut(
            cut=cut,
            place=nft_text.place(
                self.texts,
                (family, table, cut.chain),
                handle=cut.handle,
                base=cut.chain if is_base else bases[0] if len(bases) == 1 else "",
                fallback=cut.rule,
            ),
            hook=hook,
            is_plain=rule is not None and rule.is_unconditional and is_base and not rule.comment,
        )

    def _chains(self) -> Iterator[NftChain]:
        return iter(() if self.lists.nft is None else self.lists.nft.chains)

    def _rule(self, family: str, table: str, handle: int) -> NftRule | None:
        rules = () if self.lists.nft is None or not handle else self.lists.nft.rules
        return next((one for one in rules if (one.family, one.table, one.handle) == (family, table, handle)), None)


def _hook(cut: PathCut) -> str:
    """Return the hook at which a packet ended, as its hops show it: "ip forward", "ingress of eth0"."""
    for hop in reversed(cut.hops):
        words = hop.step.split()
        name = words[0] if words[1:2] == ["of"] else words[-1]
        if name in _HOOKS:
            return name
    return ""


def _place(cut: PathCut, save: IptablesRules) -> str:
    """Return the words with which a reason ends if a backend's rule is meant, see ``PathChain.text``."""
    return f" of table {cut.table.partition(' ')[2]} ({save.backend})"

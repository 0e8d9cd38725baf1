"""The two kernel interfaces of iptables: which one holds the engine's rules, and the effect of the unused one."""

from typing import TYPE_CHECKING

from msgspec import Struct

from doctor.facts.firewall.generations import BUILT_IN, ENGINE_CHAINS
from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.network.networks import Networks

if TYPE_CHECKING:
    from doctor.facts.path.rules.evaluate import ChainVerdict

_USER_RETURN = "-A DOCKER-USER -j RETURN"
"""The rule that the engine itself puts into the administrator's chain."""


class OtherBackend(Struct, frozen=True, kw_only=True):
    """The backend that does not hold the engine's current rules, and its content.

    Attributes:
        name: ``nft`` or ``legacy``.
        saved: its rules.
        engine_rules: stale rules of the engine: those in its chains, and those it would create now; by (table, chain).
        foreign: number of rules that the engine did not create.
        drops: whether its FORWARD policy is DROP.
        cut: the verdict on a container's packet, or on a reply to it, if the packet is certainly dropped.
        network: name of the network whose packet is dropped.
    """

    name: str
    saved: Saved
    engine_rules: dict[tuple[str, str], tuple[str, ...]]
    foreign: int
    drops: bool
    cut: "ChainVerdict | None"
    network: str = ""


def is_switched(firewall: Firewall, rules: EngineRules) -> bool:
    """Whether the engine's rules are in the backend that the ``iptables`` command does not use."""
    return firewall.other is not None and rules.families[0].saved.save == firewall.other.save


def other_backend(firewall: Firewall, rules: EngineRules, networks: Networks) -> OtherBackend | None:
    """Return the backend without the engine's current rules, ``None`` if it is empty."""
    saved, name = firewall.other, firewall.other_name
    if is_switched(firewall, rules):
        saved, name = firewall.v4, firewall.backend
    # Empty chains and the policy ACCEPT have no effect: listing the rules creates them.
    if saved is None or (not saved.ruleset.rules and saved.policy("filter", "FORWARD") != "DROP"):
        return None
    engine_rules, foreign = by_owner(saved, rules)
    cut, network = _cut(saved, networks)
    return OtherBackend(
        name=name,
        saved=saved,
        engine_rules=engine_rules,
        foreign=foreign,
        drops=saved.policy("filter", "FORWARD") == "DROP",
        cut=cut,
        network=network,
    )


def by_owner(saved: Saved, rules: EngineRules | None) -> tuple[dict[tuple[str, str], tuple[str, ...]], int]:
    """Return the engine's rules of a backend by (table, chain), and the number of rules of others.

    ``rules`` add those that the engine would create now to those in its own chains and the jumps to them.
    """
    expected: set[tuple[str, str, str]] = set()
    if rules is not None:
        expected = {(rule.table, rule.chain, rule.text) for rule in rules.families[0].expected.rules()}
    engine_rules: dict[tuple[str, str], tuple[str, ...]] = {}
    foreign = 0
    for (table, chain), found in saved.by_chain.items():
        own = tuple(
            rule.text
            for rule in found
            if (chain in ENGINE_CHAINS and chain != "DOCKER-USER")
            or rule.text == _USER_RETURN
            or (table, chain, rule.text) in expected
            or (chain in BUILT_IN and _leads_to_engine(rule.text))
        )
        if own:
            engine_rules[table, chain] = own
        foreign += len(found) - len(own)
    return engine_rules, foreign


def _leads_to_engine(text: str) -> bool:
    return text.rpartition(" -j ")[2] in ENGINE_CHAINS


def _cut(saved: Saved, networks: Networks) -> "tuple[ChainVerdict | None, str]":
    """Return the verdict that certainly drops an outgoing packet of a network, or a reply to it, and the network's name."""
    # Only for a host with rules in both backends.
    from doctor.facts.firewall.walk import Walker  # noqa: PLC0415
    from doctor.facts.path.rules.numbers import address_number  # noqa: PLC0415
    from doctor.facts.path.rules.packet import Packet  # noqa: PLC0415

    walker = Walker(saved)
    for network in networks.bridges:
        subnet = address_number(network.subnets[0].partition("/")[0]) if network.subnets else None
        if subnet is None or network.internal:
            continue
        for packet in (
            Packet(inside=network.bridge, source=subnet + 2),
            Packet(outside=network.bridge, destination=subnet + 2, state="ESTABLISHED"),
        ):
            verdict = walker.verdict("filter", "FORWARD", packet)
            if verdict.is_cut:
                return verdict, network.name
    return None, ""

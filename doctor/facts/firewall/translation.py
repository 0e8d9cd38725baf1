"""Whether the addresses of containers' outgoing packets are translated, and by whose rules."""

from collections.abc import Iterable
from typing import Any

from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Network, Networks
from doctor.formats.firewall.nft_json import NftRuleset
from doctor.model.missing import Missing

_NAT = frozenset({"nat"})
_TRANSLATIONS = frozenset({"masquerade", "snat"})


def untranslated(
    saved: Saved, foreign: Iterable[NftRuleset], networks: Networks, links: Links | Missing
) -> tuple[list[Network], list[Network]]:
    """Return the networks whose packets no rule translates, and those that only a rule of an engine translates.

    Networks without masquerading and internal ones need no translation. ``foreign`` are the tables of nft that are not of iptables.
    """
    uplinks = () if isinstance(links, Missing) else links.uplinks()
    uplink = uplinks[0].name if uplinks else ""
    wanted = [
        network for network in networks.bridges if not network.internal and network.masquerade and network.subnets
    ]
    tables = tuple(foreign)
    rules = [(network, _translator(saved, network, uplink)) for network in wanted]
    left = [(network, rule) for network, rule in rules if not _may_translate(tables, network, uplink)]
    bare = [network for network, rule in left if not rule]
    return bare, [network for network, rule in left if _is_engines(rule, network)]


def _translator(saved: Saved, network: Network, uplink: str) -> str:
    # Only for an engine that creates no rules.
    from doctor.facts.firewall.walk import Walker  # noqa: PLC0415

    verdict = Walker(saved).verdict("nat", "POSTROUTING", _packet(network, uplink))
    return verdict.rule.text if verdict.target in _TRANSLATIONS and verdict.rule is not None else ""


def _may_translate(foreign: tuple[NftRuleset, ...], network: Network, uplink: str) -> bool:
    """Whether an administrator's table of nft translates the packets, or has a rule that can't be judged and may do so."""
    if not foreign:
        return False
    from doctor.facts.firewall.walk import NftWalker  # noqa: PLC0415

    packet = _packet(network, uplink)
    verdicts = (one for ruleset in foreign for one in NftWalker(ruleset).at("postrouting", packet, _NAT))
    return any(end.translation in _TRANSLATIONS for verdict in verdicts for end in verdict.ends)


def _packet(network: Network, uplink: str) -> Any:
    from doctor.facts.path.rules.numbers import address_number  # noqa: PLC0415
    from doctor.facts.path.rules.packet import Packet  # noqa: PLC0415

    source = address_number(network.subnets[0].partition("/")[0])
    return Packet(outside=uplink, source=(source or 0) + 2)


def _is_engines(rule: str, network: Network) -> bool:
    return rule == f"-A POSTROUTING -s {network.subnets[0]} ! -o {network.bridge} -j MASQUERADE"

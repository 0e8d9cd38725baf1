"""Whether the addresses of containers' outgoing packets are translated, and by whose rules."""

from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Network, Networks
from doctor.model.missing import Missing


def untranslated(saved: Saved, networks: Networks, links: Links | Missing) -> tuple[list[Network], list[Network]]:
    """Return the networks whose packets no rule translates, and those that only a rule of an engine translates.

    Networks without masquerading and internal ones need no translation.
    """
    uplinks = () if isinstance(links, Missing) else links.uplinks()
    uplink = uplinks[0].name if uplinks else ""
    wanted = [
        network for network in networks.bridges if not network.internal and network.masquerade and network.subnets
    ]
    rules = [(network, _translator(saved, network, uplink)) for network in wanted]
    bare = [network for network, rule in rules if not rule]
    return bare, [network for network, rule in rules if _is_engines(rule, network)]


def _translator(saved: Saved, network: Network, uplink: str) -> str:
    # Only for an engine that creates no rules.
    from doctor.facts.firewall.walk import Walker  # noqa: PLC0415
    from doctor.facts.path.rules.numbers import address_number  # noqa: PLC0415
    from doctor.facts.path.rules.packet import Packet  # noqa: PLC0415

    source = address_number(network.subnets[0].partition("/")[0])
    verdict = Walker(saved).verdict("nat", "POSTROUTING", Packet(outside=uplink, source=(source or 0) + 2))
    return verdict.rule.text if verdict.target in {"masquerade", "snat"} and verdict.rule is not None else ""


def _is_engines(rule: str, network: Network) -> bool:
    return rule == f"-A POSTROUTING -s {network.subnets[0]} ! -o {network.bridge} -j MASQUERADE"

"""The engine is told to make no firewall rules, and nobody else does."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.firewall.details import IptablesOff
from doctor.facts.firewall.packet import Packet, Walker, address_number
from doctor.facts.firewall.packet_filter import Firewall, Saved
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Network, Networks


@check(
    severity=Severity.ERROR, detail=IptablesOff, breaks=("egress", "dns"), ok="somebody translates what containers send"
)
def iptables_false(
    engine: EngineConfig, networks: Networks, firewall: Firewall, links: Links | Missing
) -> Iterator[Finding]:
    """The engine is set to make no firewall rules (``iptables: false``), and no other rule translates containers' addresses.

    What it looks at:
        The effective setting, and whether a rule in nat POSTROUTING translates an outgoing packet of each network.

    Why it matters:
        Without translation no answer finds its way back to a container. Rules that an earlier start of dockerd made stay
        until the next reboot: such a host works today and is broken after it.

    How it is fixed:
        By a person: take the setting back, or write rules of your own. Whoever set it may have had a reason; published ports
        then bypass no host firewall any more.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/#prevent-docker-from-manipulating-firewall-rules
    """
    if engine.get("iptables", True) is not False or firewall.v4 is None:
        return
    uplinks = () if isinstance(links, Missing) else links.uplinks()
    uplink = uplinks[0].name if uplinks else ""
    wanted = [
        network for network in networks.bridges if not network.internal and network.masquerade and network.subnets
    ]
    bare = [network for network in wanted if not _translator(firewall.v4, network, uplink)]
    borrowed = [network for network in wanted if _is_engines(_translator(firewall.v4, network, uplink), network)]
    setting = engine.setting("iptables")
    if bare or borrowed:
        names = ", ".join(network.name for network in bare or borrowed)
        yield Finding(
            subject=Subject("setting", "iptables"),
            message=f"containers of network {names} get no answer from outside: dockerd is configured to make no rules"
            if bare
            else f"containers of network {names} get no answer from outside after the next reboot: dockerd is configured to make"
            " no rules, and those that work were made before",
            severity=Severity.ERROR if bare else Severity.WARNING,
            evidence=(Evidence(setting.place, "iptables: false"),),
            detail=IptablesOff(place=setting.place),
        )


def _translator(saved: Saved, network: Network, uplink: str) -> str:
    source = address_number(network.subnets[0].partition("/")[0])
    verdict = Walker(saved).verdict("nat", "POSTROUTING", Packet(outside=uplink, source=(source or 0) + 2))
    return verdict.rule.text if verdict.target in {"MASQUERADE", "SNAT"} and verdict.rule is not None else ""


def _is_engines(rule: str, network: Network) -> bool:
    return rule == f"-A POSTROUTING -s {network.subnets[0]} ! -o {network.bridge} -j MASQUERADE"

"""The engine is configured to create no firewall rules, and no other rule replaces them."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.firewall.details import IptablesOff
from doctor.facts.firewall.packet_filter import Firewall
from doctor.facts.firewall.translation import untranslated
from doctor.facts.network.links import Links
from doctor.facts.network.networks import Networks
from doctor.model.text import named


@check(
    severity=Severity.ERROR,
    detail=IptablesOff,
    breaks=("egress", "dns"),
    ok="a rule translates the addresses of outgoing packets",
)
def iptables_false(
    engine: EngineConfig, networks: Networks, firewall: Firewall, links: Links | Missing
) -> Iterator[Finding]:
    """The engine creates no firewall rules (``iptables: false``), and no other rule translates containers' addresses.

    What it looks at:
        The effective setting, and whether a rule in nat POSTROUTING, or in another table of nft, translates an outgoing packet of each
        network.

    Why it matters:
        Without translation, answers do not reach a container. Rules that an earlier start of dockerd created last until the
        next reboot: such a host works today and fails after it.

    How it is fixed:
        Manually: remove the setting, or write rules of your own. The setting may have a reason: without it, published ports
        bypass the host's firewall.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/#prevent-docker-from-manipulating-firewall-rules
    """
    if engine.get("iptables", True) is not False or firewall.v4 is None:
        return
    bare, borrowed = untranslated(firewall.v4, firewall.foreign.values(), networks, links)
    setting = engine.setting("iptables")
    if bare or borrowed:
        names = named("network", (network.name for network in bare or borrowed))
        yield Finding(
            subject=Subject("setting", "iptables"),
            message=f"dockerd is configured to create no firewall rules: containers of {names} get no answers from outside"
            if bare
            else f"dockerd is configured to create no firewall rules, and works with rules of an earlier start: containers of"
            f" {names} get no answers from outside after the next reboot",
            severity=Severity.ERROR if bare else Severity.WARNING,
            evidence=(Evidence(setting.place, "iptables: false"),),
            detail=IptablesOff(place=setting.place),
        )

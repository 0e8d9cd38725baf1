"""A stale DNAT rule leads to no container."""

import re
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.details import StaleRule
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.network.networks import Networks

_DNAT = r"-A DOCKER (?:-d \S+ )?(?:! -i (\S+) )?-p (\w+) -m \w+ --dport (\d+) -j DNAT --to-destination ([\d.]+):(\d+)$"
_ENGINE_BRIDGE = r"docker0|br-[0-9a-f]{12}"


@check(
    severity=Severity.WARNING,
    detail=StaleRule,
    breaks=("port",),
    ok="each DNAT rule of the engine leads to a container",
)
def dnat_stale(rules: EngineRules, networks: Networks) -> Iterator[Finding]:
    """A stale rule sends a port of this host to an address that no container has.

    What it looks at:
        DNAT rules in Docker's nat chain in the output of iptables-save, compared with the addresses of all endpoints in the
        engine's network database, running or not.

    Why it matters:
        Packets to that port are lost. If a container publishes the same port now, clients outside never reach it, while it
        answers on the host itself. Such rules come from a saved rule file loaded at boot, or from a killed engine.

    How it is fixed:
        The rule is removed. It is Docker's own, for a container that no longer exists.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    family = rules.families[0]
    if networks.gaps:
        return
    taken = {
        (rule.port.protocol, rule.port.host_port): rule
        for rule in family.expected.rules()
        if rule.kind == "dnat" and rule.port is not None
    }
    for rule in family.strangers.get(("nat", "DOCKER"), ()):
        found = re.match(_DNAT, rule.text)
        if found is None or networks.knows_address(found[4]) or not re.fullmatch(_ENGINE_BRIDGE, found[1] or ""):
            continue
        protocol, port = found[2], int(found[3])
        victim = taken.get((protocol, port))
        cost = (
            f"container {victim.container} publishes it and can't be reached from outside"
            if victim
            else "its packets are lost"
        )
        yield Finding(
            subject=Subject("rule", f"nat {rule.text}"),
            message=f"port {port}/{protocol} of this host leads to {found[4]}, which no container has: {cost}",
            severity=Severity.ERROR if victim else None,
            evidence=(Evidence(" ".join(family.saved.save), rule.text), Evidence(networks.source, f"no {found[4]}")),
            detail=StaleRule(table="nat", chain="DOCKER", rule=rule.text),
        )

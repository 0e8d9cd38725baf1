"""A published port leads to a container that is gone."""

import re
from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.firewall.details import StaleRule
from doctor.facts.firewall.rules import EngineRules
from doctor.facts.network.networks import Networks

_DNAT = r"-A DOCKER (?:-d \S+ )?(?:! -i (\S+) )?-p (\w+) -m \w+ --dport (\d+) -j DNAT --to-destination ([\d.]+):(\d+)$"
_ENGINE_BRIDGE = r"docker0|br-[0-9a-f]{12}"


@check(
    severity=Severity.WARNING, detail=StaleRule, breaks=("port",), ok="each translation of a port leads to a container"
)
def dnat_stale(rules: EngineRules, networks: Networks) -> Iterator[Finding]:
    """A rule sends a port of this host to a container address that no container has.

    What it looks at:
        DNAT rules in Docker's nat chain as iptables-save prints them, against the addresses of every endpoint in the
        engine's network database, running or not.

    Why it matters:
        Packets to that port vanish. If a container publishes the same port now, clients outside never reach it, while it
        answers on the host itself. Such rules come from a saved rule file loaded at boot, or from an engine that was killed.

    How it is fixed:
        The rule is taken out. It is Docker's own, for a container that is gone.

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
            f"{victim.container!r} publishes it and is not reached from outside" if victim else "packets to it vanish"
        )
        yield Finding(
            subject=Subject("rule", f"nat {rule.text}"),
            message=f"port {port}/{protocol} of this host leads to {found[4]}, which no container has: {cost}",
            severity=Severity.ERROR if victim else None,
            evidence=(Evidence(" ".join(family.saved.save), rule.text), Evidence(networks.source, f"no {found[4]}")),
            detail=StaleRule(table="nat", chain="DOCKER", rule=rule.text),
        )

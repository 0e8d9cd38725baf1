"""There is no iptables command."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState
from doctor.facts.firewall.packet_filter import Firewall


@check(severity=Severity.CRITICAL, breaks=("egress", "port"), stops_start=True, ok="the iptables command is there")
def iptables_missing(firewall: Firewall, engine: EngineConfig, state: EngineState) -> Iterator[Finding]:
    """The iptables command that dockerd runs is not installed, so dockerd does not start, or makes no more rules.

    What it looks at:
        Whether a command ``iptables`` lies in one of the directories that services search.

    Why it matters:
        A running dockerd fails at every container with a published port; at its next start it ends with "failed to register
        bridge driver: iptables not found".

    How it is fixed:
        By a person: install the package iptables. An engine of version 29 or newer can use nftables instead.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    wanted = engine.get("iptables", True) is not False and engine.get("firewall-backend") != "nftables"
    if not firewall.backend and wanted and state.status != "absent":
        yield Finding(
            subject=Subject("command", "iptables"),
            message="dockerd can't make its firewall rules: there is no iptables command",
            evidence=(Evidence("PATH", "no iptables in /usr/sbin, /sbin, /usr/bin, /bin or /usr/local"),),
        )

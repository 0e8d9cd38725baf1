"""The iptables command is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState
from doctor.facts.firewall.packet_filter import Firewall


@check(
    severity=Severity.CRITICAL,
    breaks=("egress", "port"),
    stops_start=True,
    ok="the iptables command exists",
    messages=(
        Message(
            pattern=r"iptables not found|exec: \"iptables\": executable file not found.*|failed to find (?:iptables|nft tool)",
            example='failed to start daemon: Error initializing network controller: error obtaining controller instance: failed to register "bridge" driver: failed to create NAT chain DOCKER: iptables not found',
            means="the engine can't find iptables",
            do="install the package iptables",
        ),
    ),
)
def iptables_missing(firewall: Firewall, engine: EngineConfig, state: EngineState) -> Iterator[Finding]:
    """The iptables command that dockerd runs is not installed, so dockerd does not start, or creates no more rules.

    What it looks at:
        Whether a command ``iptables`` exists in one of the directories that services search.

    Why it matters:
        A running dockerd fails to start containers with a published port. At its next start it fails with "failed to register
        bridge driver: iptables not found".

    How it is fixed:
        Manually: install the package iptables. An engine of release 29 or later can use nftables instead.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/
    """
    wanted = engine.get("iptables", True) is not False and engine.get("firewall-backend") != "nftables"
    if not firewall.backend and wanted and state.status != "absent":
        yield Finding(
            subject=Subject("command", "iptables"),
            message="the iptables command is missing: dockerd can't create its firewall rules",
            evidence=(Evidence("PATH", "no iptables in /usr/sbin, /sbin, /usr/bin, /bin or /usr/local"),),
        )

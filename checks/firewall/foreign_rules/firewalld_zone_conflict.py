"""A bridge of the engine belongs to another zone of firewalld."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState, EngineVersion
from doctor.facts.firewall.details import OtherZone
from doctor.facts.firewall.files import FirewallFiles
from doctor.facts.host.processes import Processes
from doctor.facts.network.networks import Networks


@check(
    severity=Severity.CRITICAL,
    detail=OtherZone,
    breaks=("egress", "port"),
    stops_start=True,
    ok="no bridge of the engine is in another zone of firewalld",
    messages=(
        Message(
            pattern=r"ZONE_CONFLICT: '[^']+' already bound to (?:a zone|'\S+')",
            example="failed to start daemon: Error initializing network controller: Error creating default \"bridge\" network: Failed to program NAT chain: ZONE_CONFLICT: 'docker0' already bound to a zone",
            means="a bridge of the engine is bound to another firewalld zone, and since 20.10 the engine adds it to its own zone docker",
            do="run 'firewall-cmd --permanent --zone=ZONE --remove-interface=docker0' for the zone whose file in /etc/firewalld/zones names the bridge, then 'firewall-cmd --reload', and start the engine",
            also=("firewall/firewalld-no-docker-zone",),
            since="20.10",
        ),
    ),
)
def firewalld_zone_conflict(  # noqa: PLR0917 - facts are passed by annotation
    files: FirewallFiles,
    processes: Processes,
    engine: EngineConfig,
    state: EngineState,
    networks: Networks | Missing,
    version: EngineVersion | Missing,
) -> Iterator[Finding]:
    """A bridge of the engine is in another zone of firewalld than docker, so an engine since 20.10 does not start.

    What it looks at:
        Whether firewalld runs, and the zone files in /etc/firewalld/zones: docker0 (or the bridges of the engine's networks) in
        one other than docker.xml.

    Why it matters:
        At its start the engine adds each bridge to the zone docker. firewalld refuses an interface that another zone has, and
        the engine exits with "ZONE_CONFLICT: 'docker0' already bound". Such files come from instructions that were written for
        older engines. A running engine meets it at its next start.

    How it is fixed:
        If the zone is trusted, which accepts as much as the zone docker, the interface is taken out of it, now and in its file, and
        the engine starts. From any other zone only by hand: the zone docker accepts more.

    References:
        https://docs.docker.com/engine/network/packet-filtering-firewalls/#integration-with-firewalld
        https://github.com/moby/moby/issues/41609
    """
    if state.status == "absent" or engine.get("iptables", True) is False:
        return
    if isinstance(version, EngineVersion) and not version.at_least(20, 10):
        return
    if not any(word.endswith("/firewalld") for process in processes.items for word in process.argv[:3]):
        return
    bridges = [] if isinstance(networks, Missing) else [network.bridge for network in networks.bridges]
    default = engine.get("bridge") or "docker0"
    for bridge in dict.fromkeys([*([default] if isinstance(default, str) else []), *bridges]):
        zone = files.firewalld_interfaces.get(bridge, "docker")
        if zone != "docker":
            when = "the engine's next start fails" if state.is_running else "the engine does not start"
            yield Finding(
                subject=Subject("link", bridge),
                message=f"{bridge} is in firewalld's zone {zone}, and the engine adds it to the zone docker: {when}",
                severity=Severity.WARNING if state.is_running else None,
                evidence=(
                    Evidence(f"/etc/firewalld/zones/{zone}.xml", f'<interface name="{bridge}"/>'),
                    Evidence("firewalld", "runs"),
                ),
                detail=OtherZone(bridge=bridge, zone=zone),
            )

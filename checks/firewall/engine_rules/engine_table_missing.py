"""The engine's nft table is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineState
from doctor.facts.firewall.details import TableGone
from doctor.facts.firewall.packet_filter import ENGINE_TABLE, Firewall
from doctor.facts.network.networks import Networks


@check(
    severity=Severity.CRITICAL,
    detail=TableGone | None,
    breaks=("egress", "port", "dns"),
    ok="the engine's nft table exists",
)
def engine_table_missing(
    firewall: Firewall, engine: EngineConfig, networks: Networks, state: EngineState
) -> Iterator[Finding]:
    """The engine filters with nftables (since 29) and its table is missing, so containers have no outside connections.

    What it looks at:
        Whether ``nft list tables`` names ``ip docker-bridges``, if ``firewall-backend`` is nftables.

    Why it matters:
        ``nft flush ruleset`` or a restart of the nftables service removed it, and dockerd does not notice: no rule translates
        containers' addresses, and no published port is forwarded.

    How it is fixed:
        The engine is restarted: it creates its table only at its start. With live-restore, containers keep running.

    References:
        https://docs.docker.com/engine/network/firewall-nftables/
    """
    if engine.get("firewall-backend") != "nftables" or not firewall.has_nft or firewall.has_engine_table:
        return
    waits = not state.is_running and not networks.running
    if networks.bridges and state.status != "absent":
        yield Finding(
            subject=Subject("nft-table", f"ip {ENGINE_TABLE}"),
            message=f"nft table 'ip {ENGINE_TABLE}' is missing until the engine starts"
            if waits
            else f"the engine's nft table 'ip {ENGINE_TABLE}' is missing: containers reach nothing outside this host",
            severity=Severity.INFO if waits else None,
            evidence=(Evidence("nft list tables", ", ".join(table.text for table in firewall.tables) or "none"),),
            detail=None if waits else TableGone(name=ENGINE_TABLE),
        )

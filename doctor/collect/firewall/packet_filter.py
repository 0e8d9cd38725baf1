"""Reads the packet filter: runs each command once, and only for backends with rules in the kernel."""

from doctor.collect.firewall.command import find
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.state import EngineVersion
from doctor.facts.firewall.command import IptablesCommand
from doctor.facts.firewall.packet_filter import ENGINE_TABLE, LEGACY, NFT, Firewall, NftTable, Saved
from doctor.facts.network.networks import Networks
from doctor.formats.firewall import iptables_save, nft_json
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_TIMEOUT_S = 10.0
_MANY_TABLES = 32
"""Limit of foreign tables that are read, each with one command; more of them are a gap."""


@collector
def firewall(
    host: Host,
    networks: Networks | Missing,
    engine: EngineConfig | Missing,
    command: IptablesCommand,
    version: EngineVersion | Missing,
) -> Firewall:
    """Return both backends' rules. Missing on a mounted root: rules exist only in the kernel of a running host."""
    if not host.is_live():
        raise HostError(Missing(Why.UNSUPPORTED, "firewall rules exist only in the kernel of a running host"))
    reader = _CommandReader(host)
    tables, has_nft = reader.tables()
    backend = command.variant
    if not command.path:
        return Firewall(tables=tables, has_nft=has_nft, foreign=reader.foreign(tables, None), gaps=tuple(reader.gaps))
    if command.problem:
        raise HostError(Missing(Why.UNREADABLE, f"{command.path} --version: {command.problem}"))
    v4 = reader.saved("iptables", backend)
    filters_v6 = not isinstance(engine, Missing) and engine.get("ip6tables") is not False
    v6 = reader.saved("ip6tables", backend) if filters_v6 and _has_ipv6(networks) else None
    if filters_v6 and v6 is None and not isinstance(engine, Missing) and engine.get("firewall-backend") != "nftables":
        v6 = reader.lost_ipv6(backend, tables, version)
    other_name = LEGACY if backend == NFT else NFT
    other = reader.saved("iptables", other_name) if reader.is_used(other_name, tables) else None
    return Firewall(
        backend=backend,
        path=command.path,
        target=command.target,
        alternative=command.alternative,
        v4=v4,
        v6=v6,
        other=other,
        other_name=other_name if other is not None else "",
        tables=tables,
        has_nft=has_nft,
        foreign=reader.foreign(tables, v4 if backend == NFT else other),
        gaps=tuple(reader.gaps),
    )


def _has_ipv6(networks: Networks | Missing) -> bool:
    return not isinstance(networks, Missing) and any(network.subnets6 for network in networks.bridges)


def _leads_to_engine(saved: Saved) -> bool:
    """Whether packets still come to the chains of an engine since 28."""
    return bool(saved.rules("filter", "DOCKER-FORWARD")) and all(
        any(" -j DOCKER" in rule.text for rule in saved.rules(table, chain))
        for table, chain in (("filter", "FORWARD"), ("nat", "PREROUTING"), ("nat", "OUTPUT"))
    )


class _CommandReader:
    """Runs the commands; a failed one is a gap, except for the main rules, which are required."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.gaps: list[Missing] = []

    def tables(self) -> tuple[tuple[NftTable, ...], bool]:
        """Return the tables in nft's list, and whether nft exists."""
        try:
            printed = self._output(("nft", "list", "tables"))
        except HostError as error:
            if not error.is_absent:
                self.gaps.append(error.missing)
            return (), not error.is_absent
        rows = (line.split() for line in printed.splitlines())
        return tuple(NftTable(family=row[1], name=row[2]) for row in rows if len(row) == 3 and row[0] == "table"), True

    def saved(self, family: str, backend: str) -> Saved:
        """Return the output of a backend's save command, called by its own name so that a switch changes nothing."""
        own = f"{family}-{backend}-save"
        argv = (own if find(self.host, own) else f"{family}-save",)
        try:
            return Saved.of(argv, iptables_save.parse(self._output(argv)))
        except HostError as error:
            if not error.is_absent:
                raise
            # If it were skipped as absent, the engine's rules would count as judged.
            text = f"{family} exists, but {argv[0]}, which lists its rules, does not"
            raise HostError(Missing(Why.UNREADABLE, text)) from error
        except FormatError as error:
            raise HostError(Missing(Why.UNREADABLE, f"{argv[0]}: {error}")) from error

    def lost_ipv6(self, backend: str, tables: tuple[NftTable, ...], version: EngineVersion | Missing) -> Saved | None:
        """Return the IPv6 rules if chains or jumps are gone that an engine since 27 creates at its start, also without such a network."""
        if backend != NFT or isinstance(version, Missing) or not version.at_least(27):
            return None
        try:
            saved = self.saved("ip6tables", backend)
        except HostError:
            return None
        has_tables = {"filter", "nat"} <= {table.name for table in tables if table.family == "ip6"}
        has_chains = has_tables and all(saved.has_chain(table, "DOCKER") for table in ("filter", "nat"))
        return None if has_chains and (not version.at_least(28) or _leads_to_engine(saved)) else saved

    def is_used(self, backend: str, tables: tuple[NftTable, ...]) -> bool:
        """Whether the kernel has tables of a backend. Running iptables-legacy unconditionally would load its modules."""
        if backend == NFT:
            used = any(table.family == "ip" and table.is_of_iptables for table in tables)
            return used and bool(find(self.host, "iptables-nft-save"))
        try:
            names = self.host.read(HostPath("/proc/net/ip_tables_names"))
        except HostError:
            return False
        return bool(names.strip()) and bool(find(self.host, "iptables-legacy-save"))

    def foreign(self, tables: tuple[NftTable, ...], nft: Saved | None) -> dict[NftTable, nft_json.NftRuleset]:
        """Return the tables that iptables does not show."""
        opaque = set() if nft is None else _opaque(nft)
        wanted = [
            table
            for table in tables
            if table.family in {"ip", "inet", "bridge"}
            and table.name != ENGINE_TABLE
            and (not table.is_of_iptables or table.name in opaque)
        ]
        if len(wanted) > _MANY_TABLES:
            self.gaps.append(
                Missing(Why.UNREADABLE, f"only {_MANY_TABLES} of {len(wanted)} foreign nft tables were read")
            )
        found: dict[NftTable, nft_json.NftRuleset] = {}
        for table in wanted[:_MANY_TABLES]:
            try:
                printed = self._output(("nft", "-j", "list", "table", table.family, table.name))
                found[table] = nft_json.parse(printed.encode("utf-8", "surrogateescape"))
            except HostError as error:
                self.gaps.append(error.missing)
            except FormatError as error:
                self.gaps.append(Missing(Why.UNREADABLE, f"nft list table {table.text}: {error}"))
        return found

    def _output(self, argv: tuple[str, ...]) -> str:
        result = self.host.run(argv, timeout_s=_TIMEOUT_S)
        if result.exit == 0:
            return result.text
        said = result.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = f"{' '.join(argv)}: {said[-1] if said else f'exit code {result.exit}'}"
        denied = "ermission denied" in reason or "not permitted" in reason or "must be root" in reason
        raise HostError(Missing(Why.DENIED if denied else Why.UNREADABLE, reason))


def _opaque(saved: Saved) -> set[str]:
    """Return the tables that iptables-nft reports as incompatible: nft wrote rules into them that it can't show."""
    return {
        line.split("`", 1)[1].split("'", 1)[0]
        for line in saved.ruleset.lines
        if line.startswith("# Table `") and "incompatible" in line
    }

"""Which file, service or script flushes the engine's rules at each of its starts."""

from collections.abc import Iterator

from doctor.facts.firewall.files import FirewallFiles
from doctor.facts.network.host_files import HostNetworkFiles
from doctor.formats.network.configured import ConfiguredCommand
from doctor.model.finding import Evidence
from doctor.model.missing import Missing

_FLUSH = frozenset({"-F", "--flush", "-X", "--delete-chain"})
_TABLE = frozenset({"-t", "--table"})
_KEEPS = "IPTABLES_RESTORE_NOFLUSH=yes in /etc/default/netfilter-persistent keeps those of others"


def flushers(
    files: FirewallFiles | Missing, host: HostNetworkFiles | Missing, version: int, scope: str, *, is_legacy: bool
) -> Iterator[Evidence]:
    """Yield the place that flushes rules of a scope ("all", "nat", "filter FORWARD"), and when."""
    table, _, chain = scope.partition(" ")
    tables = {"filter", "nat"} if table == "all" else {table}
    if not isinstance(files, Missing):
        yield from _of_files(files, version, tables, is_legacy=is_legacy)
    for one in () if isinstance(host, Missing) else host.commands:
        if _flushes(one, version, tables, chain, is_legacy=is_legacy):
            yield Evidence(one.place, f"{' '.join(one.words)} flushes the rules each time it runs")


def _of_files(files: FirewallFiles, version: int, tables: set[str], *, is_legacy: bool) -> Iterator[Evidence]:
    conf = files.nftables
    if conf is not None and conf.is_enabled and conf.flush_line and not is_legacy:
        yield Evidence(f"{conf.path}:{conf.flush_line}", "flushes the rules at each start of nftables")
    for saved in files.saved:
        lines = [line for name, line in saved.tables.items() if name in tables]
        is_other = saved.version != version or saved.engine_lines or saved.keeps_others
        if lines and saved.is_loaded and not is_other:
            hint = f"; {_KEEPS}" if saved.service == "netfilter-persistent" else ""
            yield Evidence(
                f"{saved.path}:{lines[0]}", f"flushes the rules of this table at each start of {saved.service}{hint}"
            )
    if files.ufw_enabled and files.ufw_flush_line and "filter" in tables:
        yield Evidence(f"/etc/default/ufw:{files.ufw_flush_line}", "flushes the rules at each start of ufw")


def _flushes(one: ConfiguredCommand, version: int, tables: set[str], chain: str, *, is_legacy: bool) -> bool:
    """Whether a command of a script flushes a table, or the chain.

    >>> _flushes(ConfiguredCommand(words=("iptables", "-t", "nat", "-F"), path="/a", line=1), 4, {"nat"}, "", is_legacy=False)
    True
    """
    tool, *rest = one.words
    if tool == "nft":
        return rest[:2] == ["flush", "ruleset"] and not is_legacy
    if tool.partition("-")[0] != ("iptables" if version == 4 else "ip6tables"):
        return False
    table = next((rest[place + 1] for place, word in enumerate(rest[:-1]) if word in _TABLE), "filter")
    start = next((place for place, word in enumerate(rest) if word in _FLUSH), None)
    if start is None or table not in tables:
        return False
    named = rest[start + 1] if len(rest) > start + 1 and not rest[start + 1].startswith("-") else ""
    return not named or named == chain

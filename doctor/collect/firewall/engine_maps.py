"""Compares the verdict maps of an engine with the nftables backend with its networks."""

from collections.abc import Iterator

from doctor.facts.config.engine import EngineConfig
from doctor.facts.firewall.engine_maps import BASES, EngineMaps, LostElement, LostLookup
from doctor.facts.firewall.packet_filter import ENGINE_TABLE, Firewall
from doctor.facts.network.networks import Networks, is_safe_interface
from doctor.formats.firewall import nft_json
from doctor.formats.firewall.nft_json import NftRuleset
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why

_TIMEOUT_S = 10.0


@collector
def engine_maps(host: Host, firewall: Firewall, engine: EngineConfig, networks: Networks) -> EngineMaps:
    """Return the missing parts; absent with another backend, and without the table, which is another finding."""
    if engine.get("firewall-backend") != "nftables" or not firewall.has_engine_table:
        raise HostError(Missing(Why.ABSENT, "the engine has no table of nftables"))
    elements: list[LostElement] = []
    lookups: list[LostLookup] = []
    for table in firewall.tables:
        if table.name != ENGINE_TABLE or table.family not in {"ip", "ip6"}:
            continue
        listed = _listed(host, table.family)
        if networks.running:
            elements += _elements(listed, table.family, networks)
            lookups += _lookups(listed, table.family)
    return EngineMaps(elements=tuple(elements), lookups=tuple(lookups), gaps=networks.gaps)


def _listed(host: Host, family: str) -> NftRuleset:
    argv = ("nft", "-j", "list", "table", family, ENGINE_TABLE)
    done = host.run(argv, timeout_s=_TIMEOUT_S)
    if done.exit:
        raise HostError(Missing(Why.UNREADABLE, f"{' '.join(argv)}: exit code {done.exit}"))
    try:
        return nft_json.parse(done.stdout)
    except FormatError as error:
        raise HostError(Missing(Why.UNREADABLE, f"{' '.join(argv)}: {error}")) from error


def _elements(listed: NftRuleset, family: str, networks: Networks) -> Iterator[LostElement]:
    chains = {chain.name for chain in listed.chains}
    version = 4 if family == "ip" else 6
    for start in BASES:
        name = f"{start}-jumps"
        found = listed.sets.get((family, ENGINE_TABLE, name))
        pairs = found.get("elem", []) if found is not None else []
        known = {pair[0] for pair in pairs if isinstance(pair, list) and pair and isinstance(pair[0], str)}
        for network in networks.bridges:
            if network.bridge in known or not network.subnets_of(version) or not is_safe_interface(network.bridge):
                continue
            chain = f"{start}__{network.bridge}"
            yield LostElement(
                family=family,
                map=name,
                chain=chain,
                network=network.name,
                bridge=network.bridge,
                can_return=found is not None and chain in chains,
            )


def _lookups(listed: NftRuleset, family: str) -> Iterator[LostLookup]:
    for start, base in BASES.items():
        name = f"{start}-jumps"
        rules = (rule for rule in listed.rules if rule.chain == base)
        maps = (one["vmap"] for rule in rules for one in rule.expressions if isinstance(one.get("vmap"), dict))
        if not any(one.get("data") == f"@{name}" for one in maps):
            yield LostLookup(family=family, map=name, chain=base)

"""Computes the engine's rules from networks and settings, chain by chain."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.facts.firewall.generations import RuleGeneration, Template
from doctor.facts.network.networks import Endpoint, Network, Networks, PublishedPort, is_safe_interface

ChainKey = tuple[str, str]
"""Table and chain."""


class ExpectedRule(Struct, frozen=True, kw_only=True):
    """One expected rule of the engine.

    Attributes:
        kind: its purpose, see ``doctor.facts.firewall.generations``.
        spec: the rule without ``-A CHAIN``, in the spelling of iptables-save.
        network: name of its network, "" for the whole engine; ``bridge`` its interface.
        container: container of its port, "" for none; ``port`` the port.
        block: rules of one block are adjacent.
        slot: rules of a lower slot must be above.
        head: whether it is inserted at the top of a chain without other rules of the engine.
    """

    kind: str
    table: str
    chain: str
    spec: str
    network: str = ""
    bridge: str = ""
    container: str = ""
    port: PublishedPort | None = None
    block: str = ""
    slot: int = 0
    head: bool = False

    @property
    def key(self) -> ChainKey:
        """Table and chain."""
        return (self.table, self.chain)

    @property
    def text(self) -> str:
        """The line of iptables-save."""
        return f"-A {self.chain} {self.spec}"


Row = tuple[Template, ExpectedRule, int]
"""Template, the rule from it, and the age of its network or port (0: the oldest)."""


class Terms(Struct, frozen=True, kw_only=True):
    """The settings of the engine that determine its rules.

    Attributes:
        hairpin: ``userland-proxy`` is false.
        direct_routing: ``allow-direct-routing`` is true (since 28.2).
        raw: whether it uses the raw table (not with DOCKER_INSECURE_NO_IPTABLES_RAW=1).
    """

    hairpin: bool = False
    direct_routing: bool = False
    raw: bool = True


class ExpectedRules(Struct, frozen=True, kw_only=True):
    """All expected rules of an engine in one family.

    Attributes:
        chains: the chains in order; each is a list of rules in the order of evaluation.
        unjudged: networks whose interface name can't be used in a rule (a hostile or foreign name).
    """

    version: int
    chains: dict[ChainKey, tuple[ExpectedRule, ...]]
    unjudged: tuple[str, ...] = ()

    def rules(self) -> Iterator[ExpectedRule]:
        """Yield every rule."""
        for rules in self.chains.values():
            yield from rules


def expect(
    generation: RuleGeneration, networks: Networks, terms: Terms, version: int, order: tuple[str, ...] = ()
) -> ExpectedRules:
    """Return the expected rules of one family, 4 or 6.

    ``order`` names bridges in the actual order of their rules, newest first; without it the order of the networks is used.
    """
    usable = [network for network in networks.bridges if network.subnets_of(version)]
    bridges = [network for network in usable if is_safe_interface(network.bridge)]
    if order:
        rank = {bridge: position for position, bridge in enumerate(order)}
        bridges.sort(key=lambda network: -rank.get(network.bridge, -1))
    by_id = {network.id: network for network in bridges}
    words = _words(terms, None, version, None)
    values = _values(terms, version)
    rows: list[Row] = [(found, _rule(found, values), 0) for found in generation.always if words.issuperset(found.when)]
    for age, network in enumerate(bridges):
        words = _words(terms, network, version, None)
        values = _values(terms, version, network)
        rows += [
            (found, _rule(found, values, network), age) for found in generation.network if words.issuperset(found.when)
        ]
    for age, (network, endpoint, port) in enumerate(networks.published(version)):
        if network.id in by_id:
            words = _words(terms, network, version, port)
            values = _values(terms, version, network) | _port_values(port, version)
            rows += [
                (found, _rule(found, values, network, endpoint, port), age)
                for found in generation.port
                if words.issuperset(found.when)
            ]
    rows.extend(_endpoint_rows(generation, networks, terms, version, by_id))
    rows.extend(_link_rows(generation, networks, terms, version, by_id))
    chains: dict[ChainKey, list[Row]] = {key: [] for key in generation.chains}
    for row in rows:
        chains.setdefault(row[1].key, []).append(row)
    return ExpectedRules(
        version=version,
        chains={key: _ordered(found) for key, found in chains.items()},
        unjudged=tuple(network.name for network in usable if network.id not in by_id),
    )


def _endpoint_rows(
    generation: RuleGeneration, networks: Networks, terms: Terms, version: int, by_id: dict[str, Network]
) -> Iterator[Row]:
    if not generation.endpoint:
        return
    for age, endpoint in enumerate(networks.running):
        network = by_id.get(endpoint.network_id)
        address = endpoint.ip if version == 4 else endpoint.ip6
        if network is None or not address:
            continue
        values = _values(terms, version, network) | {"cip": _host(address)}
        words = _words(terms, network, version, None)
        for template in generation.endpoint:
            if words.issuperset(template.when):
                yield template, _rule(template, values, network, endpoint), age


def _link_rows(
    generation: RuleGeneration, networks: Networks, terms: Terms, version: int, by_id: dict[str, Network]
) -> Iterator[Row]:
    """Yield the rows of links, which exist only for IPv4."""
    for age, (network, one, other) in enumerate(networks.linked() if version == 4 else ()):
        if network.id not in by_id:
            continue
        values = _values(terms, version, network)
        for protocol, number in other.exposed:
            for template in generation.link:
                ends = (one.ip, other.ip) if "there" in template.when else (other.ip, one.ip)
                ways = {"from": _host(ends[0]), "to": _host(ends[1]), "proto": protocol, "lport": str(number)}
                yield template, _rule(template, values | ways, network, one), age


def _ordered(rows: list[Row]) -> tuple[ExpectedRule, ...]:
    """Sort a chain by slot; within a slot, inserted rules, newest first, are above appended rules, oldest first.

    One rule can be needed twice (two host ports for one container port): the engine creates it once.
    """

    def place(row: Row) -> tuple[int, int, int]:
        template, _, age = row
        return (template.slot, 0 if template.newest_first else 1, -age if template.newest_first else age)

    found: dict[str, ExpectedRule] = {}
    for _, rule, _ in sorted(rows, key=place):
        found.setdefault(rule.spec, rule)
    return tuple(found.values())


def _rule(
    template: Template,
    values: dict[str, str],
    network: Network | None = None,
    endpoint: Endpoint | None = None,
    port: PublishedPort | None = None,
) -> ExpectedRule:
    return ExpectedRule(
        kind=template.kind,
        table=template.table,
        chain=template.chain,
        spec=template.rule.format_map(values),
        network="" if network is None else network.name,
        bridge="" if network is None else network.bridge,
        container="" if endpoint is None else endpoint.container or endpoint.container_id[:12],
        port=port,
        block=f"{network.bridge} {template.slot}" if network is not None and port is None else "",
        slot=template.slot,
        head=template.head,
    )


def _words(terms: Terms, network: Network | None, version: int, port: PublishedPort | None) -> frozenset[str]:
    """Return the template conditions that are met."""
    mode = "nat" if network is None else network.mode_of(version)
    internal = network is not None and network.internal
    icc = network is None or network.icc
    answers = {
        "v4": version == 4,
        "v6": version == 6,
        "proxy": not terms.hairpin,
        "hairpin": terms.hairpin,
        "external": not internal,
        "internal": internal,
        "icc": icc,
        "no-icc": not icc,
        "masquerade": network is not None and network.masquerade,
        "nat": mode != "routed",
        "routed": mode == "routed",
        "unprotected": mode == "nat-unprotected",
        "protected": mode != "nat-unprotected",
        "nat-protected": mode == "nat",
        "mapped": port is not None and port.host_port > 0 and not internal,
        "loopback": port is not None and port.host_ip.startswith("127."),
        "raw": terms.raw,
        "no-direct": not terms.direct_routing,
    }
    return frozenset(word for word, holds in answers.items() if holds)


def _host(address: str) -> str:
    return f"{address}/128" if ":" in address else f"{address}/32"


def _values(terms: Terms, version: int, network: Network | None = None) -> dict[str, str]:
    """Return the fields of a template; addresses are canonical and interface names safe, so they can't inject options."""
    values = {"loopback": "127.0.0.0/8" if version == 4 else "::1/128", "icmp": "icmp" if version == 4 else "ipv6-icmp"}
    if network is None:
        return values
    source = network.host_ip if version == 4 else network.host_ip6
    return values | {
        "br": network.bridge,
        "subnet": network.subnets_of(version)[0],
        "source": f"SNAT --to-source {source}" if source else "MASQUERADE",
        "not_in": "" if terms.hairpin else f"! -i {network.bridge} ",
    }


def _port_values(port: PublishedPort, version: int) -> dict[str, str]:
    bracketed = f"[{port.container_ip}]" if version == 6 else port.container_ip
    return {
        "cip": _host(port.container_ip),
        "hostip": _host(port.host_ip),
        "at": "" if port.is_any else f"-d {_host(port.host_ip)} ",
        # Link-local peers use docker-proxy: a DNAT would lose their scope (moby drivers/bridge, since 20.10).
        "scope": "! -s fe80::/10 " if version == 6 else "",
        "proto": port.protocol,
        "hport": str(port.host_port),
        "cport": str(port.container_port),
        "target": f"{bracketed}:{port.container_port}",
    }

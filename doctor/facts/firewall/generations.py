"""The rules of each generation of the engine, as data.

Spelling is iptables-save's. Sources: moby/moby libnetwork/drivers/bridge/setup_ip_tables_linux.go (v26.1.5, v27.5.1),
libnetwork/drivers/bridge/internal/iptabler (v28.5.2) and its golden files, daemon/libnetwork/drivers/bridge/internal/iptabler
(docker-v29.7.2); 26.1.5 also measured. Within a chain, rules must be in the order of ``slot``.
"""

from msgspec import Struct, structs

FILTER, NAT, RAW = "filter", "nat", "raw"
BUILT_IN = frozenset({"INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"})


class Template(Struct, frozen=True, kw_only=True):
    """One rule of the engine: created always, for each network, or for each published port or endpoint.

    Attributes:
        kind: purpose of the rule; checks are about kinds.
        rule: its text with fields: br, subnet, source, at ("-d HOST " or ""), not_in ("! -i BR " or ""), cip, proto,
            hport, cport.
        when: conditions, all of which must be met, see ``doctor.facts.firewall.expected_rules``.
        slot: position in its chain: rules of a lower slot are above.
        newest_first: whether the engine inserts it above similar rules instead of appending it.
        head: whether it is inserted at the top of a chain without other rules of the engine, or at the end.
    """

    kind: str
    table: str
    chain: str
    rule: str
    when: tuple[str, ...] = ()
    slot: int = 0
    newest_first: bool = False
    head: bool = False


_LINKED = "-s {from} -d {to} -i {br} -o {br} -p {proto} -m {proto} --%s {lport} -j ACCEPT"
_LINK = tuple(
    Template(kind="link", table=FILTER, chain="DOCKER", rule=_LINKED % side, when=(way,), slot=1)
    for side, way in (("dport", "there"), ("sport", "back"))
)
"""A link allows requests and, by the source port, replies (moby drivers/bridge/link.go, every version)."""


class RuleGeneration(Struct, frozen=True, kw_only=True):
    """The rules of engines of one generation.

    Attributes:
        name: its versions, for messages ("28.2 to 28.5").
        chains: (table, chain) that exist even if empty.
        always: rules created once; ``network`` for each network; ``port`` for each published port; ``endpoint`` for each endpoint
            of a running container; ``link`` for each exposed port of a container that another container links to.
        foreign_chains: chains of other generations that this one removes.
    """

    name: str
    chains: tuple[tuple[str, str], ...]
    always: tuple[Template, ...]
    network: tuple[Template, ...]
    port: tuple[Template, ...]
    endpoint: tuple[Template, ...] = ()
    link: tuple[Template, ...] = _LINK
    foreign_chains: tuple[str, ...] = ()


def _filter(kind: str, chain: str, rule: str, *when: str, **rest: int | bool) -> Template:
    return Template(kind=kind, table=FILTER, chain=chain, rule=rule, when=when, **rest)  # type: ignore[arg-type]


def _nat(kind: str, chain: str, rule: str, *when: str, **rest: int | bool) -> Template:
    return Template(kind=kind, table=NAT, chain=chain, rule=rule, when=when, **rest)  # type: ignore[arg-type]


def _raw(kind: str, rule: str, *when: str) -> Template:
    return Template(kind=kind, table=RAW, chain="PREROUTING", rule=rule, when=when)


_CT = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
_STAGE_1, _STAGE_2 = "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"
_ISOLATION = ((FILTER, _STAGE_1), (FILTER, _STAGE_2))
_LOCAL = "-m addrtype --dst-type LOCAL -j DOCKER"

_NAT_JUMPS = (
    _nat("nat-jump", "PREROUTING", _LOCAL),
    _nat("nat-jump", "OUTPUT", "! -d {loopback} " + _LOCAL, "proxy"),
    _nat("nat-jump", "OUTPUT", _LOCAL, "hairpin"),
)
_USER_JUMP = _filter("user-jump", "FORWARD", "-j DOCKER-USER", head=True)
_USER_RETURN = _filter("user-return", "DOCKER-USER", "-j RETURN", slot=9)

_HAIRPIN_HOST = _nat(
    "hairpin", "POSTROUTING", "-o {br} -m addrtype --src-type LOCAL -j {source}", "external", "hairpin",
    newest_first=True, head=True,
)  # fmt: skip
_MASQUERADE = _nat(
    "masquerade", "POSTROUTING", "-s {subnet} ! -o {br} -j {source}", "external", "masquerade", "nat",
    newest_first=True, head=True,
)  # fmt: skip
_NAT_RETURN = _nat(
    "nat-return", "DOCKER", "-i {br} -j RETURN", "external", "masquerade", "proxy", newest_first=True, head=True
)


def _closed(chain: str) -> tuple[Template, ...]:
    """Return the rules that close an internal network; in IPv6, neighbours also use addresses outside the subnet."""
    rules = (
        ("! -s {subnet} -o {br} -j DROP", "v4"),
        ("! -d {subnet} -i {br} -j DROP", "v4"),
        ("! -s {subnet} ! -i {br} -o {br} -j DROP", "v6"),
        ("! -d {subnet} -i {br} ! -o {br} -j DROP", "v6"),
    )
    return tuple(
        _filter("internal", chain, rule, "internal", word, newest_first=True, head=True) for rule, word in rules
    )


_STAGE_1_NETWORK = (
    _filter("isolation", _STAGE_1, "-i {br} ! -o {br} -j " + _STAGE_2, "external", newest_first=True, head=True),
    *_closed(_STAGE_1),
)
_STAGE_2_NETWORK = _filter("isolation", _STAGE_2, "-o {br} -j DROP", "external", newest_first=True, head=True)

_DNAT = _nat(
    "dnat", "DOCKER", "{scope}{at}{not_in}-p {proto} -m {proto} --dport {hport} -j DNAT --to-destination {target}",
    "mapped", slot=1,
)  # fmt: skip
_DNAT_UP_TO_27 = _nat(
    "dnat", "DOCKER", "{at}{not_in}-p {proto} -m {proto} --dport {hport} -j DNAT --to-destination {target}",
    "mapped", slot=1,
)  # fmt: skip
_PORT_SELF = "-s {cip} -d {cip} -p {proto} -m {proto} --dport {cport} -j MASQUERADE"
_PORT_ACCEPT = "-d {cip} ! -i {br} -o {br} -p {proto} -m {proto} --dport {cport} -j ACCEPT"

UP_TO_27 = RuleGeneration(
    name="27 and older",
    chains=((FILTER, "DOCKER"), *_ISOLATION, (FILTER, "DOCKER-USER"), (NAT, "DOCKER")),
    always=(
        *_NAT_JUMPS,
        _USER_JUMP,
        _filter("isolation-jump", "FORWARD", "-j " + _STAGE_1, slot=1, head=True),
        _USER_RETURN,
        _filter("chain-return", _STAGE_1, "-j RETURN", slot=9),
        _filter("chain-return", _STAGE_2, "-j RETURN", slot=9),
    ),
    network=(
        _HAIRPIN_HOST,
        _MASQUERADE,
        _NAT_RETURN,
        _filter("established", "FORWARD", "-o {br} " + _CT, "external", slot=2, newest_first=True, head=True),
        _filter("docker-jump", "FORWARD", "-o {br} -j DOCKER", "external", slot=2, newest_first=True, head=True),
        _filter("outbound", "FORWARD", "-i {br} ! -o {br} -j ACCEPT", "external", slot=2, newest_first=True, head=True),
        _filter("icc-accept", "FORWARD", "-i {br} -o {br} -j ACCEPT", "icc", slot=2, newest_first=True, head=True),
        _filter("icc-drop", "FORWARD", "-i {br} -o {br} -j DROP", "no-icc", slot=3),
        *_STAGE_1_NETWORK,
        _STAGE_2_NETWORK,
    ),
    port=(
        _DNAT_UP_TO_27,
        _filter("port-accept", "DOCKER", _PORT_ACCEPT, "external"),
        _nat("port-self", "POSTROUTING", _PORT_SELF, "mapped", slot=1),
    ),
    foreign_chains=("DOCKER-FORWARD", "DOCKER-BRIDGE", "DOCKER-CT", "DOCKER-INTERNAL"),
)

UP_TO_22_OF_IPV6 = structs.replace(
    UP_TO_27,
    chains=tuple(key for key in UP_TO_27.chains if key != (FILTER, "DOCKER-USER")),
    always=tuple(rule for rule in UP_TO_27.always if rule not in {_USER_JUMP, _USER_RETURN}),
)
"""Before 23.0 there was no DOCKER-USER in ip6tables (moby/moby#42477, #44706; also measured with 20.10.24)."""

_FORWARD_CHAINS = (
    (FILTER, "DOCKER"), (FILTER, "DOCKER-BRIDGE"), (FILTER, "DOCKER-CT"), (FILTER, "DOCKER-FORWARD"),
    (FILTER, "DOCKER-USER"), (NAT, "DOCKER"),
)  # fmt: skip
_FORWARD_NETWORK = (
    _HAIRPIN_HOST,
    _MASQUERADE,
    _filter("established", "DOCKER-CT", "-o {br} " + _CT, "external"),
    _filter("docker-jump", "DOCKER-BRIDGE", "-o {br} -j DOCKER", "external"),
    _filter("icc-drop", "DOCKER-FORWARD", "-i {br} -o {br} -j DROP", "no-icc", slot=1),
    _filter("outbound", "DOCKER-FORWARD", "-i {br} ! -o {br} -j ACCEPT", "external", "no-icc", slot=1),
    _filter("outbound", "DOCKER-FORWARD", "-i {br} -j ACCEPT", "external", "icc", slot=1),
    _filter("icc-accept", "DOCKER-FORWARD", "-i {br} -o {br} -j ACCEPT", "internal", "icc", slot=1),
    _filter("routed-icmp", "DOCKER", "-o {br} -p {icmp} -j ACCEPT", "external", "routed", slot=1),
    _filter("unpublished-drop", "DOCKER", "! -i {br} -o {br} -j DROP", "external", "protected", slot=1),
    _filter("unpublished-accept", "DOCKER", "! -i {br} -o {br} -j ACCEPT", "external", "unprotected", slot=1),
)
_FORWARD_PORT = (
    _DNAT,
    _filter("port-accept", "DOCKER", _PORT_ACCEPT, "external", "protected", newest_first=True, head=True),
    _nat("port-self", "POSTROUTING", _PORT_SELF, "mapped", "hairpin", slot=1),
    _raw(
        "loopback-drop",
        "-d {hostip} ! -i lo -p {proto} -m {proto} --dport {hport} -j DROP",
        "mapped",
        "loopback",
        "raw",
    ),
)
_ENDPOINT_DROP = (_raw("direct-drop", "-d {cip} ! -i {br} -j DROP", "external", "nat-protected", "raw", "no-direct"),)


def _forward_head(isolation: str) -> tuple[Template, ...]:
    return (
        _USER_JUMP,
        _filter("forward-jump", "FORWARD", "-j DOCKER-FORWARD", slot=1, head=True),
        _filter("chain-jump", "DOCKER-FORWARD", "-j DOCKER-CT", head=True),
        _filter("isolation-jump", "DOCKER-FORWARD", "-j " + isolation, head=True),
        _filter("chain-jump", "DOCKER-FORWARD", "-j DOCKER-BRIDGE", head=True),
    )


_28_ALWAYS = (*_NAT_JUMPS, *_forward_head(_STAGE_1))
_28_NETWORK = (
    *_FORWARD_NETWORK,
    _NAT_RETURN,
    _filter("isolation", _STAGE_1, "-i {br} " + _CT, "external", "routed", newest_first=True, head=True),
    _filter("isolation", _STAGE_1, "-o {br} -j RETURN", "external", "routed", newest_first=True, head=True),
    *_STAGE_1_NETWORK,
    _STAGE_2_NETWORK,
)

FROM_28_0_1 = RuleGeneration(
    name="28.0.1 to 28.1",
    chains=(*_FORWARD_CHAINS, *_ISOLATION),
    always=(*_28_ALWAYS, _USER_RETURN),
    network=_28_NETWORK,
    port=(
        *_FORWARD_PORT,
        _raw(
            "direct-drop", "-d {cip} ! -i {br} -p {proto} -m {proto} --dport {cport} -j DROP",
            "external", "nat-protected", "raw",
        ),
    ),
    foreign_chains=("DOCKER-INTERNAL",),
)  # fmt: skip

FROM_28_2 = RuleGeneration(
    name="28.2 to 28.5",
    chains=(*_FORWARD_CHAINS, *_ISOLATION),
    always=_28_ALWAYS,
    network=_28_NETWORK,
    port=_FORWARD_PORT,
    endpoint=_ENDPOINT_DROP,
    foreign_chains=("DOCKER-INTERNAL",),
)

_INTERNAL = "DOCKER-INTERNAL"

FROM_29 = RuleGeneration(
    name="29 with iptables",
    chains=(*_FORWARD_CHAINS, (FILTER, _INTERNAL)),
    always=(*_NAT_JUMPS, *_forward_head(_INTERNAL)),
    network=(
        *_FORWARD_NETWORK,
        *_closed(_INTERNAL),
    ),
    port=_FORWARD_PORT,
    endpoint=_ENDPOINT_DROP,
    foreign_chains=(_STAGE_1, _STAGE_2),
)

ONLY_28_0_0 = RuleGeneration(
    name="28.0.0",
    # Its filter rules match an ipset of bridges. The release was replaced within days: only the certain rules are listed.
    chains=((FILTER, "DOCKER"), *_ISOLATION, (FILTER, "DOCKER-USER"), (NAT, "DOCKER")),
    always=(*_NAT_JUMPS, _USER_JUMP),
    network=(_HAIRPIN_HOST, _MASQUERADE, _NAT_RETURN),
    port=(_DNAT, _filter("port-accept", "DOCKER", _PORT_ACCEPT, "external", "protected", newest_first=True, head=True)),
    foreign_chains=("DOCKER-FORWARD", _INTERNAL),
)

ENGINE_CHAINS = frozenset(
    chain for generation in (UP_TO_27, ONLY_28_0_0, FROM_28_0_1, FROM_28_2, FROM_29) for _, chain in generation.chains
) | {"DOCKER-INGRESS", "DOCKER-ISOLATION"}
"""Chains of the engine in any version; DOCKER-INGRESS belongs to Swarm."""


def generation_of(release: tuple[int, int, int], chains: frozenset[str]) -> RuleGeneration:
    """Return the generation of an engine release.

    ``chains`` are the chains of the filter table: late 28 builds already have DOCKER-INTERNAL and are judged as 29.
    """
    if release < (28, 0, 0):
        return UP_TO_27
    if release < (28, 0, 1):
        return ONLY_28_0_0
    if release >= (29, 0, 0) or (_INTERNAL in chains and _STAGE_1 not in chains):
        return FROM_29
    return FROM_28_2 if release >= (28, 2, 0) else FROM_28_0_1

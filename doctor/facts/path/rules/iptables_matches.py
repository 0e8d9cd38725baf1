"""Conditions of iptables rules, as iptables-save prints them: (module, option, arguments) to a condition."""

from collections.abc import Callable

from doctor.facts.path.rules import fields, numbers
from doctor.facts.path.rules.fields import Reader
from doctor.facts.path.rules.form import Condition, Doubt
from doctor.facts.path.rules.ipsets import asked
from doctor.facts.path.rules.iptables_chance import CHANCES
from doctor.facts.path.rules.iptables_option import RuleOption
from doctor.facts.path.rules.packet import NO_OWNER, STATES, TCP_FLAGS, Packet, Surroundings
from doctor.facts.path.rules.values import ABSENT, Compare, Flags, Prefix, Range, Table, Value, one_of, table

_STATE_BITS = {name.upper(): bit for name, bit in STATES.items()} | {
    "DNAT": fields.DNAT_STATE,
    "SNAT": fields.SNAT_STATE,
}
_PORTED = frozenset({"tcp", "udp", "sctp", "dccp", "udplite", "multiport"})
_NO_EFFECT = frozenset({"comment", "nfacct"})
"""Modules that match every packet."""


def condition(option: RuleOption) -> Condition | Doubt | None:
    """Return the condition of an option, ``None`` for one without effect."""
    if option.module in _NO_EFFECT:
        return None
    basic = _BASIC.get(option.name)
    if basic is not None:
        return basic(option)
    judge = _OPTIONS.get((option.module, option.name))
    if judge is None and option.module in _PORTED:
        judge = _OF_PORTS.get(option.name)
    return Doubt(option.text) if judge is None else judge(option)


def _addresses(option: RuleOption, field: str) -> Condition | Doubt:
    found = numbers.network(option.value)
    matcher = one_of(found) if isinstance(found, Range) else None if found is None else Flags(*found)
    return option.payload(field, matcher, field)


def _interface(option: RuleOption, field: str) -> Condition | Doubt:
    name = option.value
    return option.condition(fields.META[f"{field}name"], interfaces(name), field)


def interfaces(name: str) -> Table:
    """Return a set of one interface of iptables; a "+" at the end is a wildcard."""
    return one_of(Prefix(name[:-1]) if name.endswith("+") else name)


def _protocol(option: RuleOption) -> Condition | Doubt | None:
    if option.value in {"all", "0"} and not option.is_negated:
        return None
    number = numbers.protocol(option.value)
    return option.condition(fields.META["l4proto"], None if number is None else one_of(number), "proto")


def _ports(option: RuleOption, *names: str) -> Condition | Doubt:
    ranges = [numbers.span(part) for part in option.value.split(",")]
    known = [one for one in ranges if one is not None]
    matcher = table((one, True) for one in known) if len(known) == len(ranges) else None
    if len(names) == 2:
        return _either_port(option, matcher)
    return option.condition(fields.payload("th", names[0]), matcher, names[0])


def _either_port(option: RuleOption, matcher: Table | None) -> Condition | Doubt:
    """Return the condition of ``--ports``: the one port or the other."""
    if matcher is None:
        return Doubt(option.text)
    source, target = fields.payload("th", "sport"), fields.payload("th", "dport")

    def read(packet: Packet, scope: Surroundings) -> Value:
        held = [matcher.has(value(packet, scope)) for value in (source, target)]
        return 1 if True in held else None if None in held else 0

    return option.condition(read, one_of(1))


def _tcp_flags(option: RuleOption) -> Condition | Doubt:
    words = ["FIN,SYN,RST,ACK", "SYN"] if option.name == "--syn" else option.value.split()
    if len(words) != 2:
        return Doubt(option.text)
    mask, wanted = (_flags(word) for word in words)
    return option.condition(fields.payload("tcp", "flags"), Flags(mask, wanted))


def _flags(word: str) -> int:
    if word == "ALL":
        return 0x3F
    return sum(TCP_FLAGS.get(name.lower(), 0) for name in set(word.split(",")))


def _states(option: RuleOption) -> Condition | Doubt:
    bits = [_STATE_BITS.get(name) for name in option.value.split(",")]
    known = sum({bit for bit in bits if bit is not None})
    return option.condition(fields.states(), None if None in bits else Flags(known, is_any=True), "state")


def _status(option: RuleOption) -> Condition | Doubt:
    bits = [fields.STATUS.get(name.lower().replace("_", "-")) for name in option.value.split(",")]
    known = sum({bit for bit in bits if bit is not None})
    return option.condition(fields.conntrack("status"), None if None in bits else Flags(known, is_any=True))


def _mark(option: RuleOption, read: Reader) -> Condition | Doubt:
    found = numbers.masked(option.value)
    return option.condition(read, None if found is None else Flags(*found))


def _type(option: RuleOption, which: str) -> Condition | Doubt:
    names = option.value.lower().split(",")
    return option.condition(fields.address_type(which), one_of(*names))


def _icmp(option: RuleOption, protocol: str) -> Condition | Doubt | None:
    kind, _, code = option.value.partition("/")
    if kind in {"any", "255"} and protocol == "icmp":
        return None
    number = numbers.number(kind)
    if number is None:
        number = numbers.icmp_type(kind, version=4 if protocol == "icmp" else 6)
    if number is None:
        return Doubt(option.text)
    read = fields.payload(protocol, "type")
    if not code:
        return option.condition(read, one_of(number))
    return option.condition(
        _type_and_code(read, fields.payload(protocol, "code")), one_of((number, numbers.number(code) or 0))
    )


def _type_and_code(kind: Reader, code: Reader) -> Reader:
    def read(packet: Packet, scope: Surroundings) -> Value:
        first, second = kind(packet, scope), code(packet, scope)
        return first if first is ABSENT else (first, second)

    return read


def _range(option: RuleOption, field: str) -> Condition | Doubt:
    low, _, high = option.value.partition("-")
    first, last = numbers.address(low), numbers.address(high or low)
    if first is None or last is None or first[0] != last[0]:
        return Doubt(option.text)
    return option.payload(field, one_of(Range(first[1], last[1])), field)


def _physdev(option: RuleOption, which: str) -> Condition | Doubt:
    return option.condition(fields.bridge_port(which), interfaces(option.value))


def _is_bridged(option: RuleOption, which: str) -> Condition | Doubt:
    def read(packet: Packet, _: Surroundings) -> Value:
        ports = {"in": (packet.port_in,), "out": (packet.port_out,), "both": (packet.port_in, packet.port_out)}[which]
        return 0 if "" in ports else None if None in ports else 1

    return option.condition(read, one_of(1))


def _length(option: RuleOption) -> Condition | Doubt:
    found = numbers.span(option.value)
    return option.condition(fields.META["length"], None if found is None else one_of(found))


def _ttl(option: RuleOption) -> Condition | Doubt:
    number = numbers.number(option.value)
    if number is None:
        return Doubt(option.text)
    operator = {"eq": "", "lt": "<", "gt": ">"}.get(option.name.rpartition("-")[2])
    matcher = None if operator is None else Compare(operator, number) if operator else one_of(number)
    return option.payload("ttl", matcher)


def _owner(option: RuleOption, key: str) -> Condition | Doubt:
    found = numbers.span(option.value, "-")
    read = fields.META[key]

    def owner(packet: Packet, scope: Surroundings) -> Value:
        # Unlike nft, iptables takes a packet without an owner for one of somebody else.
        value = read(packet, scope)
        return NO_OWNER if value is ABSENT else value

    return option.condition(owner, None if found is None else one_of(found))


def _dscp(option: RuleOption) -> Condition | Doubt:
    number = numbers.number(option.value)
    return option.payload("dscp", None if number is None else one_of(number))


def _tos(option: RuleOption) -> Condition | Doubt:
    found = numbers.masked(option.value, 8)
    read = fields.payload("ip" if option.version == 4 else "ip6", "dscp")

    def shifted(packet: Packet, scope: Surroundings) -> Value:
        value = read(packet, scope)
        return value << 2 if isinstance(value, int) else value

    return option.condition(shifted, None if found is None else Flags(*found))


def _connection_protocol(option: RuleOption) -> Condition | Doubt:
    number = numbers.protocol(option.value)
    return option.condition(fields.conntrack("protocol"), None if number is None else one_of(number))


def _packet_type(option: RuleOption) -> Condition | Doubt:
    name = {"unicast": "host"}.get(option.value, option.value)
    return option.condition(fields.META["pkttype"], one_of(name))


def _set(option: RuleOption) -> Condition | Doubt:
    words = option.value.split()
    found = option.sets.get(words[0]) if len(words) == 2 else None
    if found is None or found.table is None:
        return Doubt(option.text)
    return option.condition(asked(found.kind, words[1].split(","), option.version), found.table)


def _mac(option: RuleOption) -> Condition | Doubt:
    return option.condition(fields.payload("ether", "saddr"), one_of(option.value.lower()))


def _direction(option: RuleOption) -> Condition | Doubt:
    return option.condition(fields.conntrack("direction"), one_of(option.value.lower()))


def _original(option: RuleOption, key: str) -> Condition | Doubt:
    found = numbers.span(option.value) if key.startswith("proto") else numbers.network(option.value)
    matcher = one_of(found) if isinstance(found, Range) else None
    return option.condition(fields.conntrack(key, "original"), matcher)


def _fragment(option: RuleOption) -> Condition | Doubt:
    # Packets of a walk are whole.
    return option.condition(lambda _packet, _scope: 0, one_of(1))


Judge = Callable[[RuleOption], Condition | Doubt | None]

_BASIC: dict[str, Judge] = {
    "-s": lambda option: _addresses(option, "saddr"),
    "-d": lambda option: _addresses(option, "daddr"),
    "-i": lambda option: _interface(option, "iif"),
    "-o": lambda option: _interface(option, "oif"),
    "-p": _protocol,
}
_OF_PORTS: dict[str, Judge] = {
    "--dport": lambda option: _ports(option, "dport"),
    "--sport": lambda option: _ports(option, "sport"),
    "--dports": lambda option: _ports(option, "dport"),
    "--sports": lambda option: _ports(option, "sport"),
    "--ports": lambda option: _ports(option, "sport", "dport"),
}
_OPTIONS: dict[tuple[str, str], Judge] = CHANCES | {
    ("", "-f"): _fragment,
    ("tcp", "--tcp-flags"): _tcp_flags,
    ("tcp", "--syn"): _tcp_flags,
    ("conntrack", "--ctstate"): _states,
    ("state", "--state"): _states,
    ("conntrack", "--ctstatus"): _status,
    ("conntrack", "--ctdir"): _direction,
    ("conntrack", "--ctorigsrc"): lambda option: _original(option, "saddr"),
    ("conntrack", "--ctorigdst"): lambda option: _original(option, "daddr"),
    ("conntrack", "--ctorigsrcport"): lambda option: _original(option, "proto-src"),
    ("conntrack", "--ctorigdstport"): lambda option: _original(option, "proto-dst"),
    ("mark", "--mark"): lambda option: _mark(option, fields.META["mark"]),
    ("connmark", "--mark"): lambda option: _mark(option, fields.conntrack("mark")),
    ("addrtype", "--dst-type"): lambda option: _type(option, "daddr"),
    ("addrtype", "--src-type"): lambda option: _type(option, "saddr"),
    ("icmp", "--icmp-type"): lambda option: _icmp(option, "icmp"),
    ("icmp6", "--icmpv6-type"): lambda option: _icmp(option, "icmpv6"),
    ("iprange", "--src-range"): lambda option: _range(option, "saddr"),
    ("iprange", "--dst-range"): lambda option: _range(option, "daddr"),
    ("physdev", "--physdev-in"): lambda option: _physdev(option, "in"),
    ("physdev", "--physdev-out"): lambda option: _physdev(option, "out"),
    ("physdev", "--physdev-is-in"): lambda option: _is_bridged(option, "in"),
    ("physdev", "--physdev-is-out"): lambda option: _is_bridged(option, "out"),
    ("physdev", "--physdev-is-bridged"): lambda option: _is_bridged(option, "both"),
    ("length", "--length"): _length,
    ("ttl", "--ttl-eq"): _ttl,
    ("ttl", "--ttl-lt"): _ttl,
    ("ttl", "--ttl-gt"): _ttl,
    ("hl", "--hl-eq"): _ttl,
    ("hl", "--hl-lt"): _ttl,
    ("hl", "--hl-gt"): _ttl,
    ("owner", "--uid-owner"): lambda option: _owner(option, "skuid"),
    ("owner", "--gid-owner"): lambda option: _owner(option, "skgid"),
    ("dscp", "--dscp"): _dscp,
    ("tos", "--tos"): _tos,
    ("conntrack", "--ctproto"): _connection_protocol,
    ("pkttype", "--pkt-type"): _packet_type,
    ("set", "--match-set"): _set,
}

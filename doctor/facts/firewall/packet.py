"""The verdict of a rule set on a packet: the deciding rule, and whether it is certain.

Only conditions on interfaces, addresses, protocol, port and connection state are judged; any other one (a set, a mark,
a rate, a time) is unknown. A rule with an unknown condition is skipped and recorded as a doubt, so no verdict is a guess.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from doctor.facts.firewall.packet_filter import Saved
from doctor.formats.firewall.iptables_rule import normal_address, split_words
from doctor.formats.firewall.iptables_save import Rule

ACCEPT, DROP, REJECT, RETURN = "ACCEPT", "DROP", "REJECT", "RETURN"
TERMINAL = frozenset({ACCEPT, DROP, REJECT, "DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"})
_ENDS_UNKNOWN = frozenset({"QUEUE", "NFQUEUE", "TPROXY", "SYNPROXY"})
_MAX_DEPTH = 32
_SILENT = frozenset({"-m", "--comment", "--reject-with"})
_FREE_TEXT = frozenset({"--comment", "--log-prefix", "--nflog-prefix", "--string"})


class Packet(Struct, frozen=True, kw_only=True):
    """An ordinary packet.

    Attributes:
        inside: input interface, "" for any; ``outside`` the output interface.
        source: IPv4 address as a number, ``None`` for any outside host; ``destination`` likewise.
        protocol: ``tcp``, ``udp`` …
        port: destination port, ``None`` for any.
        state: connection state: ``NEW`` or ``ESTABLISHED``.
        is_local: whether its destination is an address of this host.
        is_dnat: whether a published port's rule changed its destination.
    """

    inside: str = ""
    outside: str = ""
    source: int | None = None
    destination: int | None = None
    protocol: str = "tcp"
    port: int | None = None
    state: str = "NEW"
    is_local: bool = False
    is_dnat: bool = False


class PacketVerdict(Struct, frozen=True, kw_only=True):
    """The verdict of a built-in chain on a packet.

    Attributes:
        target: ``ACCEPT``, ``DROP``, ``REJECT``, ``DNAT`` …
        path: the rules on the way, from the built-in chain down; empty if the policy decided.
        may_accept: whether a skipped, unknown rule before might have accepted it; ``may_drop`` likewise.
    """

    target: str
    path: tuple[Rule, ...] = ()
    may_accept: bool = False
    may_drop: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether the packet is certainly dropped."""
        return self.target in {DROP, REJECT} and not self.may_accept

    @property
    def rule(self) -> Rule | None:
        """The rule that decided, ``None`` for the policy."""
        return self.path[-1] if self.path else None


class Prepared(Struct):
    """A rule prepared for many packets.

    Attributes:
        conditions: (kind, negated, value) of all that can be judged; ``is_unsure`` if there are others.
        is_plain: whether it has no condition and matches every packet; a comment counts as a condition.
    """

    rule: Rule
    target: str
    is_goto: bool
    conditions: tuple[tuple[str, bool, object], ...]
    is_unsure: bool
    is_plain: bool = False


class _Doubt(Struct):
    accept: bool = False
    drop: bool = False


class Walker(Struct):
    """Evaluates IPv4 packets in one rule set; chains are prepared once.

    Attributes:
        inside: subnets, as (first, last) address, that contain every address of a packet: rules about other addresses are
            skipped, so that ten thousand bans cost nothing. If empty, no rule is skipped.
    """

    saved: Saved
    inside: tuple[tuple[int, int], ...] = ()
    _chains: dict[tuple[str, str], tuple[Prepared, ...]] = {}

    def verdict(self, table: str, chain: str, packet: Packet) -> PacketVerdict:
        """Return the verdict of a built-in chain on a packet."""
        doubt = _Doubt()
        found = self._walk(table, chain, packet, doubt, 0)
        target, path = (self.saved.policy(table, chain), ()) if found is None or found[0] == RETURN else found
        return PacketVerdict(target=target, path=path, may_accept=doubt.accept, may_drop=doubt.drop)

    def matches(self, rule: Rule, packet: Packet) -> bool:
        """Whether a rule certainly matches a packet."""
        ready = prepare(rule)
        return not ready.is_unsure and _holds(ready, packet)

    def _walk(
        self, table: str, chain: str, packet: Packet, doubt: _Doubt, depth: int
    ) -> tuple[str, tuple[Rule, ...]] | None:
        """Return the target and the rules on the way; ``None`` at the end of the chain."""
        if depth > _MAX_DEPTH:
            return None
        for ready in self._chain(table, chain):
            if not _holds(ready, packet):
                continue
            target = ready.target
            if ready.is_unsure or target in _ENDS_UNKNOWN:
                doubt.accept |= target not in {DROP, REJECT}
                doubt.drop |= target not in TERMINAL - {DROP, REJECT}
                continue
            if target in TERMINAL or target == RETURN:
                return target, (ready.rule,)
            if not self.saved.has_chain(table, target):
                continue
            found = self._walk(table, target, packet, doubt, depth + 1)
            if found is not None and found[0] != RETURN:
                return found[0], (ready.rule, *found[1])
            if ready.is_goto:
                return None
        return None

    def _chain(self, table: str, chain: str) -> tuple[Prepared, ...]:
        found = self._chains.get((table, chain))
        if found is None:
            found = tuple(
                ready
                for rule in self.saved.rules(table, chain)
                if (ready := prepare(rule)).target and (not self.inside or self._concerns(ready))
            )
            self._chains[table, chain] = found
        return found

    def _concerns(self, ready: Prepared) -> bool:
        """Whether the addresses of a rule can match a packet."""
        for kind, negated, value in ready.conditions:
            if kind not in {"-s", "-d"} or negated or not isinstance(value, tuple):
                continue
            first, last = value[0], value[0] | ~value[1] & 0xFFFFFFFF
            place = bisect_right(self.inside, (last, 0xFFFFFFFF)) - 1
            if place < 0 or self.inside[place][1] < first:
                return False
        return True


def _holds(ready: Prepared, packet: Packet) -> bool:
    """Whether all conditions that can be judged are met."""
    return all(_condition(kind, value, packet) != negated for kind, negated, value in ready.conditions)


def _condition(kind: str, value: object, packet: Packet) -> bool:
    match kind, value:
        case "-i", str(name):
            return is_interface(name, packet.inside)
        case "-o", str(name):
            return is_interface(name, packet.outside)
        case "-s", (int(network), int(mask)):
            return packet.source is not None and packet.source & mask == network
        case "-d", (int(network), int(mask)):
            return packet.destination is not None and packet.destination & mask == network
        case "-p", str(name):
            return name == packet.protocol
        case "state", frozenset() as states:
            return packet.state in states
        case "ports", tuple() as ranges:
            return packet.port is not None and any(low <= packet.port <= high for low, high in ranges)
        case "local", _:
            return packet.is_local
        case "dnat", _:
            return packet.is_dnat
    return False


def is_interface(wanted: str, name: str) -> bool:
    """Whether an interface matches; a "+" at the end is a wildcard."""
    return name.startswith(wanted[:-1]) if wanted.endswith("+") else name == wanted


def prepare(rule: Rule) -> Prepared:
    """Return a rule's conditions and target."""
    conditions: list[tuple[str, bool, object]] = []
    target, is_goto, unsure, plain = "", False, False, True
    for negated, name, value in _options(rule.text):
        if name in {"-j", "-g"}:
            target, is_goto = value, name == "-g"
            break
        plain = False
        if name in _SILENT:
            continue
        condition = _judged(name, value)
        if condition is None:
            unsure = True
        else:
            conditions.append((condition[0], negated, condition[1]))
    return Prepared(rule, target, is_goto, tuple(conditions), unsure, plain)


def ends_all(saved: Saved, rule: Rule) -> bool:
    """Whether a rule drops every packet: an unconditional DROP or REJECT, or an unconditional jump to a chain that does."""
    ready = prepare(rule)
    if not ready.is_plain:
        return False
    inner = saved.rules(rule.table, ready.target)
    return ready.target in {DROP, REJECT} or (
        bool(inner) and all(prepare(one).is_plain and prepare(one).target in {DROP, REJECT} for one in inner)
    )


def accepts_all(rule: Rule) -> bool:
    """Whether a rule accepts every packet."""
    ready = prepare(rule)
    return ready.is_plain and ready.target == ACCEPT


def _judged(name: str, value: str) -> tuple[str, object] | None:
    """Return a condition that can be judged, ``None`` for an unknown one."""
    if name in {"-i", "-o", "-p"}:
        return name, value
    if name in {"-s", "-d"}:
        network = _network(value)
        return None if network is None else (name, network)
    if name in {"--ctstate", "--state"}:
        return "state", frozenset(value.split(","))
    if name in {"--dport", "--dports"}:
        ranges = _ports(value)
        return None if ranges is None else ("ports", ranges)
    if name == "--dst-type" and value == "LOCAL":
        return "local", True
    if name == "--ctstatus" and value == "DNAT":
        return "dnat", True
    return None


@lru_cache(maxsize=4096)
def _network(value: str) -> tuple[int, int] | None:
    address, _, length = normal_address(value).partition("/")
    number = address_number(address)
    if number is None or not length.isdigit():
        return None
    return number, 0xFFFFFFFF << (32 - int(length)) & 0xFFFFFFFF


def spans(subnets: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Return IPv4 subnets as (first, last) address, sorted, overlapping ones merged, for a ``Walker``."""
    found: list[tuple[int, int]] = []
    for network, mask in sorted(span for subnet in subnets if (span := _network(subnet)) is not None):
        last = network | ~mask & 0xFFFFFFFF
        if found and network <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((network, last))
    return tuple(found)


def address_number(address: str) -> int | None:
    """Return an IPv4 address as a number, ``None`` for anything else."""
    parts = address.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        return None
    return int.from_bytes(bytes(min(int(part), 255) for part in parts), "big")


def _ports(value: str) -> tuple[tuple[int, int], ...] | None:
    found = []
    for part in value.split(","):
        low, _, high = part.partition(":")
        if not (low.isascii() and low.isdigit() and (high or low).isascii() and (high or low).isdigit()):
            return None
        found.append((int(low), int(high or low)))
    return tuple(found)


def _options(text: str) -> Iterator[tuple[bool, str, str]]:
    """Yield (negated, option, arguments) of a saved rule after its chain; "" for an option without arguments."""
    words = split_words(text)[2:]
    index, negated = 0, False
    while index < len(words):
        word = words[index]
        index += 1
        if word == "!":
            negated = True
            continue
        end = index
        if word in _FREE_TEXT:
            # A comment or a log prefix may look like an option.
            end = min(index + 1, len(words))
        else:
            while end < len(words) and words[end] != "!" and not words[end].startswith("-"):
                end += 1
        yield negated, word, " ".join(words[index:end])
        index, negated = end, False

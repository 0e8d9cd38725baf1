"""Targets of iptables rules: verdicts, and changes of the packet."""

from collections.abc import Callable, Container, Sequence

from msgspec.structs import replace

from doctor.facts.path.rules import changes, numbers
from doctor.facts.path.rules.form import (
    ACCEPT,
    CONTINUE,
    DROP,
    GOTO,
    JUMP,
    QUEUE,
    REJECT,
    RETURN,
    STOLEN,
    AnyOf,
    Change,
    Doubt,
    Part,
    RuleVerdict,
)  # fmt: skip
from doctor.facts.path.rules.packet import Packet, Surroundings
from doctor.facts.path.rules.values import Range

Options = Sequence[tuple[bool, str, str]]
"""Options of a target: negated, name, arguments."""

_VERDICTS = {"ACCEPT": ACCEPT, "DROP": DROP, "REJECT": REJECT, "RETURN": RETURN}
NO_EFFECT = frozenset({
    "LOG", "NFLOG", "ULOG", "AUDIT", "TRACE", "CLASSIFY", "CHECKSUM", "SECMARK", "CONNSECMARK", "SET", "TEE",
    "RATEEST", "LED", "IDLETIMER", "TCPOPTSTRIP", "ECN", "ACCOUNT",
})  # fmt: skip
"""Targets after which the next rule is evaluated, and that change nothing other rules of a walk decide on."""
_OPEN = AnyOf((RuleVerdict(ACCEPT), RuleVerdict(DROP), RuleVerdict(CONTINUE)))


def parts(
    target: str, options: Options, *, is_goto: bool, version: int, chains: Container[str] | None
) -> tuple[Part, ...]:
    """Return the parts of a target. ``chains`` are the chains of its table; without them each other name is taken for one."""
    if not target:
        return ()
    verdict = _VERDICTS.get(target)
    if verdict is not None:
        return (RuleVerdict(verdict),)
    if target in NO_EFFECT:
        return ()
    build = _TARGETS.get(target)
    if build is not None:
        return build({name: value for _, name, value in options}, version)
    if chains is not None and target not in chains:
        return unknown_target(target)
    return (RuleVerdict(GOTO if is_goto else JUMP, target),)


def _mark(options: dict[str, str], _: int) -> tuple[Part, ...]:
    for name, value in options.items():
        found = numbers.masked(value)
        if found is None:
            continue
        mask, number = found
        if name == "--set-mark":
            mask |= number
        return (_marked(name, mask, number),)
    return (changes.mark(changes.fixed(None)),)


def _marked(name: str, mask: int, number: int) -> Change:
    def read(packet: Packet, _: Surroundings) -> int | None:
        before = packet.mark
        if name in {"--set-xmark", "--set-mark"}:
            return changes.masked_mark(before, mask, number)
        if before is None:
            return None
        return {"--and-mark": before & number, "--or-mark": before | number, "--xor-mark": before ^ number}.get(name)

    return changes.mark(read)


def _connection_mark(options: dict[str, str], _: int) -> tuple[Part, ...]:
    own = numbers.number(options.get("--nfmask", "0xffffffff") or "0xffffffff")
    tracked = numbers.number(options.get("--ctmask", "0xffffffff") or "0xffffffff")
    both = numbers.number(options.get("--mask", "")) if options.get("--mask") else None
    own, tracked = (own, tracked) if both is None else (both, both)
    if own is None or tracked is None:
        return (changes.mark(changes.fixed(None)), changes.connection_mark(changes.fixed(None)))
    if "--restore-mark" in options:
        return (changes.mark(lambda packet, _: _moved(packet.mark, packet.ct_mark, own, tracked)),)
    if "--save-mark" in options:
        return (changes.connection_mark(lambda packet, _: _moved(packet.ct_mark, packet.mark, tracked, own)),)
    for name in ("--set-xmark", "--set-mark"):
        found = numbers.masked(options.get(name, ""))
        if found is not None:
            return (_set_connection_mark(found[0] | (found[1] if name == "--set-mark" else 0), found[1]),)
    return (changes.connection_mark(changes.fixed(None)),)


def _set_connection_mark(mask: int, number: int) -> Change:
    return changes.connection_mark(lambda packet, _: changes.masked_mark(packet.ct_mark, mask, number))


def _moved(into: int | None, value: int | None, cleared: int, taken: int) -> int | None:
    if value is None:
        return None
    before = 0 if cleared == 0xFFFFFFFF else into
    return None if before is None else (before & ~cleared & 0xFFFFFFFF) ^ (value & taken)


def _tracking(options: dict[str, str], _: int) -> tuple[Part, ...]:
    number = numbers.number(options.get("--zone", ""))
    if number is not None:
        return (changes.zone(number, is_iptables=True),) if number else ()
    if any(name.startswith("--zone") and value != "0" for name, value in options.items()):
        # Of one direction, or by mark.
        return (changes.zone(None, is_iptables=True),)
    return (changes.no_track(),) if "--notrack" in options else ()


def _translated(text: str) -> tuple[Range | None, Range | None, bool]:
    """Return the addresses and ports of ``--to-destination``, and whether they could be read."""
    address, port = text, ""
    if text.startswith("["):
        address, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    low, _, high = address.partition("-")
    first, last = numbers.address(low), numbers.address(high or low)
    ports = numbers.span(port.partition("/")[0], "-") if port else None
    is_read = (not address or first is not None) and (not port or ports is not None)
    addresses = None if first is None or last is None else Range(first[1], last[1])
    return addresses, ports, is_read


def _destination(options: dict[str, str], _: int) -> tuple[Part, ...]:
    addresses, ports, is_read = _translated(options.get("--to-destination", ""))
    address = None if is_read and addresses is None else changes.fixed(changes.one(addresses))
    port = None if is_read and ports is None else changes.fixed(changes.one(ports))
    return (changes.destination("dnat", address, port), RuleVerdict(ACCEPT))


def _source(options: dict[str, str], _: int) -> tuple[Part, ...]:
    addresses, ports, is_read = _translated(options.get("--to-source", ""))
    address = None if is_read and addresses is None else changes.source_of(addresses)
    port = None if is_read and ports is None else changes.fixed(changes.one(ports))
    is_random = any(name.startswith("--random") for name in options)
    return (changes.source("snat", address, port, is_random=is_random), RuleVerdict(ACCEPT))


def _masquerade(options: dict[str, str], _: int) -> tuple[Part, ...]:
    ports = numbers.span(options["--to-ports"], "-") if options.get("--to-ports") else None
    port = None if ports is None else changes.fixed(changes.one(ports))
    is_random = any(name.startswith("--random") for name in options)
    return (changes.source("masquerade", None, port, is_random=is_random), RuleVerdict(ACCEPT))


def _redirect(options: dict[str, str], _: int) -> tuple[Part, ...]:
    ports = numbers.span(options["--to-ports"], "-") if options.get("--to-ports") else None
    port = None if ports is None else changes.fixed(changes.one(ports))
    return (changes.redirect(port), RuleVerdict(ACCEPT))


def _same_place(options: dict[str, str], _: int) -> tuple[Part, ...]:
    found = numbers.network(options.get("--to", ""))

    def moved(packet: Packet, scope: Surroundings) -> Packet:
        # The hook decides which address it is: only a forwarded packet shows which one it passes.
        if isinstance(found, Range) and packet.outside and not packet.is_local_out:
            return changes.prefix("snat", found).apply(packet, scope)
        return replace(packet, source=None, destination=None)

    return (Change("snat", moved, is_nat=True), RuleVerdict(ACCEPT))


def _ttl(options: dict[str, str], _: int) -> tuple[Part, ...]:
    for name, value in options.items():
        number = numbers.number(value)
        if number is None:
            continue
        return (_hops(name.rpartition("-")[2], number),)
    return (changes.ttl(lambda _before: None),)


def _hops(operator: str, number: int) -> Change:
    def changed(before: int | None) -> int | None:
        if operator == "set":
            return number
        return None if before is None else min(max(before + (number if operator == "inc" else -number), 0), 255)

    return changes.ttl(changed)


def _dscp(options: dict[str, str], _: int) -> tuple[Part, ...]:
    name = options.get("--set-dscp-class", "")
    number = numbers.dscp(name.lower()) if name else numbers.number(options.get("--set-dscp", ""))
    return (changes.field("dscp", changes.fixed(number)),)


def _tos(options: dict[str, str], _: int) -> tuple[Part, ...]:
    found = numbers.masked(options.get("--set-tos", ""), 8)
    return (changes.dscp_bits(None if found is None else (found[0] >> 2, found[1] >> 2)),)


def _segment(options: dict[str, str], _: int) -> tuple[Part, ...]:
    return (changes.segment(numbers.number(options["--set-mss"]) if "--set-mss" in options else None),)


def _queue(options: dict[str, str], _: int) -> tuple[Part, ...]:
    """Return a verdict with the numbers of the queues; "bypass" after them lets packets pass if no program listens."""
    numbers_ = options.get("--queue-balance") or options.get("--queue-num") or "0"
    return (RuleVerdict(QUEUE, numbers_ + (" bypass" if "--queue-bypass" in options else "")),)


def _undecided(*kinds: str) -> Callable[[dict[str, str], int], tuple[Part, ...]]:
    return lambda _options, _version: (AnyOf(tuple(RuleVerdict(kind) for kind in kinds)),)


_TARGETS: dict[str, Callable[[dict[str, str], int], tuple[Part, ...]]] = {
    "MARK": _mark,
    "CONNMARK": _connection_mark,
    "DSCP": _dscp,
    "TOS": _tos,
    "HMARK": lambda _options, _version: (changes.mark(changes.fixed(None)),),
    "NOTRACK": lambda _options, _version: (changes.no_track(),),
    "CT": _tracking,
    "DNAT": _destination,
    "SNAT": _source,
    "MASQUERADE": _masquerade,
    "REDIRECT": _redirect,
    "NETMAP": _same_place,
    "TTL": _ttl,
    "HL": _ttl,
    "TCPMSS": _segment,
    "QUEUE": lambda _options, _version: (RuleVerdict(QUEUE),),
    "NFQUEUE": _queue,
    "SYNPROXY": lambda _options, _version: (RuleVerdict(STOLEN),),
    "TPROXY": _undecided(ACCEPT, DROP),
    "TARPIT": lambda _options, _version: (RuleVerdict(STOLEN),),
    "DNPT": lambda _options, _version: (_OPEN,),
    "SNPT": lambda _options, _version: (_OPEN,),
}


def unknown_target(text: str) -> tuple[Part, ...]:
    """Return the parts of a target that can't be judged."""
    return (Doubt(text), _OPEN)


def any_verdict(verdicts: tuple[RuleVerdict, ...]) -> tuple[Part, ...]:
    """Return the parts of a rule that may end in any of these."""
    return (AnyOf((*verdicts, RuleVerdict(CONTINUE))),)

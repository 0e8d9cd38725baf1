"""Messages of netlink group 9 (NFTRACE): the rules of nftables that a marked packet met, with their verdicts."""

import re

from msgspec import Struct

from doctor.formats.netlink.messages import attributes, messages, text

FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_VERDICTS = {
    0: "drop",
    1: "accept",
    2: "stolen",
    3: "queue",
    -1: "continue",
    -2: "break",
    -3: "jump",
    -4: "goto",
    -5: "return",
}
_SUBSYSTEM, _TRACE = 10, 17
_TABLE, _CHAIN, _HANDLE, _TYPE, _VERDICT, _ID = 1, 2, 3, 4, 5, 6
_NETWORK_HEADER, _TRANSPORT_HEADER, _IN, _OUT, _POLICY = 8, 9, 10, 12, 16
_KIND_POLICY, _KIND_RETURN, _KIND_RULE = 1, 2, 3
_KINDS = {_KIND_POLICY: "policy", _KIND_RETURN: "return", _KIND_RULE: "rule"}
_CODE, _TARGET = 1, 2
_HANDLE_COMMENT = re.compile(r"^(.*?)\s*# handle (\d+)$")


class RuleStep(Struct, frozen=True, kw_only=True):
    """A rule that a packet met.

    Attributes:
        packet: a number that the kernel gives the packet while it is in one hook.
        kind: ``rule``, ``policy`` or ``return`` (the end of a chain).
        handle: of the rule, 0 for a policy.
        verdict: "drop", "accept", "continue", "jump", …; ``target`` the chain of a jump.
        inside, outside: numbers of the devices, 0 for none.
        head: the packet from its IP header on, as far as the message has it.
    """

    packet: int
    family: str
    table: str
    chain: str
    kind: str
    handle: int
    verdict: str
    target: str = ""
    inside: int = 0
    outside: int = 0
    head: bytes = b""


def steps_of(raw: bytes) -> tuple[RuleStep, ...]:
    """Return the steps in a datagram; other messages and truncated ones are omitted."""
    found = []
    for message in messages(raw):
        if message.kind == _SUBSYSTEM << 8 | _TRACE and len(message.body) >= 4:
            step = _step(message.body)
            if step is not None:
                found.append(step)
    return tuple(found)


def _step(body: bytes) -> RuleStep | None:
    values = attributes(body[4:])
    kind = _KINDS.get(_number(values.get(_TYPE, b"")))
    if kind is None:
        return None
    inner = attributes(values.get(_VERDICT, b""))
    code = inner.get(_CODE, b"")
    if kind == "policy":
        number = _number(values.get(_POLICY, b"\0\0\0\1"))
    else:
        number = int.from_bytes(code, "big", signed=True) if len(code) == 4 else -1
    return RuleStep(
        packet=_number(values.get(_ID, b"")),
        # That of the table: the attribute NFTA_TRACE_NFPROTO is the packet's.
        family=FAMILIES.get(body[0], str(body[0])),
        table=text(values.get(_TABLE)),
        chain=text(values.get(_CHAIN)),
        kind=kind,
        handle=_number(values.get(_HANDLE, b"")),
        verdict=_VERDICTS.get(number, str(number)),
        target=text(inner.get(_TARGET)),
        inside=_number(values.get(_IN, b"")),
        outside=_number(values.get(_OUT, b"")),
        head=values.get(_NETWORK_HEADER, b"") + values.get(_TRANSPORT_HEADER, b""),
    )


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def rule_text(listing: str, handle: int) -> str:
    r"""Return the text of a rule in the output of ``nft -a list chain``, "" if it is not there.

    >>> rule_text("chain FORWARD {\n  ip saddr 10.0.0.1 drop # handle 5\n}", 5)
    'ip saddr 10.0.0.1 drop'
    """
    for line in listing.splitlines():
        found = _HANDLE_COMMENT.match(line.strip())
        if found is not None and int(found[2]) == handle and not found[1].startswith(("chain ", "table ")):
            return found[1]
    return ""

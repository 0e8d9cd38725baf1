"""The verdict on a packet in nft tables, as cautious as ``doctor.facts.firewall.packet``."""

from typing import Any

from msgspec import Struct

from doctor.facts.firewall.packet import Packet, address_number
from doctor.formats.firewall.nft_json import NftChain, NftRule, NftRuleset

_MAX_DEPTH = 16
_STATEMENTS = frozenset({"counter", "log", "comment", "mangle", "notrack", "quota", "meta", "ct timeout", "last"})
_ENDS = frozenset({"accept", "drop", "reject", "return", "queue", "continue"})


class ChainVerdict(Struct, frozen=True, kw_only=True):
    """The verdict of a base chain on a packet.

    Attributes:
        chain: the base chain.
        target: ``accept``, ``drop`` or ``reject``.
        path: the rules on the way, the deciding one last; none for the policy.
        may_accept: whether a skipped, unknown rule before might have accepted it.
    """

    chain: NftChain
    target: str
    path: tuple[NftRule, ...] = ()
    may_accept: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether the packet is certainly dropped here."""
        return self.target in {"drop", "reject"} and not self.may_accept

    @property
    def rule(self) -> NftRule | None:
        """The rule that decided, ``None`` for the policy."""
        return self.path[-1] if self.path else None


class NftWalker(Struct):
    """Evaluates packets in one table."""

    ruleset: NftRuleset
    may_accept: bool = False

    def forward(self, packet: Packet) -> list[ChainVerdict]:
        """Return the verdict of each base chain on the forward hook."""
        return self.at("forward", packet)

    def at(self, hook: str, packet: Packet) -> list[ChainVerdict]:
        """Return the verdict of each base chain on a hook; a packet must pass all of them."""
        verdicts = []
        for chain in self.ruleset.base_chains(hook):
            if chain.kind not in {"filter", ""}:
                continue
            self.may_accept = False
            found = self._walk(chain, packet, 0)
            target, path = found if found is not None and found[0] != "return" else (chain.policy, ())
            verdicts.append(ChainVerdict(chain=chain, target=target, path=path, may_accept=self.may_accept))
        return verdicts

    def _walk(self, chain: NftChain, packet: Packet, depth: int) -> tuple[str, tuple[NftRule, ...]] | None:
        if depth > _MAX_DEPTH:
            return None
        for rule in self.ruleset.of(chain):
            verdict, target = self._judge(rule, packet)
            if verdict in {"accept", "drop", "reject", "return"}:
                return verdict, (rule,)
            if verdict in {"jump", "goto"}:
                inner = self._chain(chain, target)
                found = None if inner is None else self._walk(inner, packet, depth + 1)
                if found is not None and found[0] != "return":
                    return found[0], (rule, *found[1])
                if verdict == "goto":
                    return None
        return None

    def _chain(self, near: NftChain, name: str) -> NftChain | None:
        for chain in self.ruleset.chains:
            if (chain.family, chain.table, chain.name) == (near.family, near.table, name):
                return chain
        return None

    def _judge(self, rule: NftRule, packet: Packet) -> tuple[str, str]:
        """Return the verdict of a rule on a packet and the chain it jumps to; "" if it decides nothing."""
        sure = True
        for expression in rule.expressions:
            for kind, body in expression.items():
                if kind == "match":
                    held = _match(body, packet)
                    if held is False:
                        return "", ""
                    sure = sure and held is True
                elif kind == "vmap":
                    return self._vmap(body, packet, sure=sure)
                elif kind in {"jump", "goto"}:
                    return self._sure(kind, str(body.get("target", "")) if isinstance(body, dict) else "", sure=sure)
                elif kind in _ENDS:
                    return self._sure(kind, "", sure=sure)
                elif kind not in _STATEMENTS:
                    # A rate limit, a set lookup, an extension of iptables: it may or may not match.
                    sure = False
        return "", ""

    def _sure(self, verdict: str, target: str, *, sure: bool) -> tuple[str, str]:
        if verdict == "queue" or (not sure and verdict in {"accept", "return", "jump", "goto"}):
            self.may_accept = True
            return "", ""
        return (verdict, target) if sure else ("", "")

    def _vmap(self, body: Any, packet: Packet, *, sure: bool) -> tuple[str, str]:
        """Judge a verdict map: only an anonymous one with a known key can be judged."""
        data = body.get("data") if isinstance(body, dict) else None
        pairs = data.get("set") if isinstance(data, dict) else None
        if not isinstance(pairs, list):
            self.may_accept = True
            return "", ""
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], dict):
                continue
            held = _match({"op": "==", "left": body.get("key"), "right": pair[0]}, packet)
            if held is False:
                continue
            for kind, inner in pair[1].items():
                target = str(inner.get("target", "")) if isinstance(inner, dict) else ""
                return self._sure(kind, target, sure=sure and held is True)
        return "", ""


def _match(body: Any, packet: Packet) -> bool | None:
    """Return whether a condition holds, ``None`` if it can't be judged."""
    if not isinstance(body, dict):
        return None
    left, right, operator = body.get("left"), body.get("right"), body.get("op")
    if not isinstance(left, dict) or operator not in {"==", "!=", "in"}:
        return None
    held = _holds(left, right, packet)
    return held if held is None or operator != "!=" else not held


def _holds(left: dict[str, Any], right: Any, packet: Packet) -> bool | None:
    meta, payload, tracked = left.get("meta"), left.get("payload"), left.get("ct")
    if isinstance(meta, dict):
        return _meta(meta.get("key"), right, packet)
    if isinstance(tracked, dict):
        if tracked.get("key") == "state":
            return packet.state.lower() in _texts(right)
        if tracked.get("key") == "status":
            return packet.is_dnat if _texts(right) == {"dnat"} else None
        return None
    if isinstance(payload, dict):
        field = payload.get("field")
        if payload.get("protocol") == "ip6":
            return False
        if field in {"saddr", "daddr"}:
            return _address(packet.source if field == "saddr" else packet.destination, right)
        if field == "dport":
            return payload.get("protocol") in {packet.protocol, "th"} and _port(packet.port, right)
        if field == "protocol":
            return packet.protocol in _texts(right)
    return None


def _meta(key: Any, right: Any, packet: Packet) -> bool | None:
    if key in {"iifname", "iif"}:
        return _interface(packet.inside, right)
    if key in {"oifname", "oif"}:
        return _interface(packet.outside, right)
    if key == "nfproto":
        return "ipv4" in _texts(right)
    if key == "l4proto":
        return packet.protocol in _texts(right)
    if key == "protocol":
        return "ip" in _texts(right)
    return None


def _interface(name: str, right: Any) -> bool | None:
    texts = _texts(right)
    if any(text.startswith("@") for text in texts):
        return None
    return any(name == text or (text.endswith("*") and name.startswith(text[:-1])) for text in texts)


def _texts(right: Any) -> set[str]:
    """Return the values on the right as text: one value, a list, or an anonymous set."""
    if isinstance(right, dict):
        right = right.get("set", [])
    values = right if isinstance(right, list) else [right]
    return {str(value) for value in values if isinstance(value, str | int)}


def _elements(right: Any) -> list[Any] | None:
    if isinstance(right, dict) and "set" in right:
        right = right["set"]
    values = right if isinstance(right, list) else [right]
    return None if any(isinstance(value, str) and value.startswith("@") for value in values) else values


def _address(number: int | None, right: Any) -> bool | None:
    """Whether an address matches; a packet without a specified address, from any outside host, matches no specific one."""
    elements = _elements(right)
    if elements is None:
        return None
    return number is not None and any(_in(number, element) for element in elements)


def _in(number: int, element: Any) -> bool:
    if isinstance(element, str):
        return address_number(element) == number
    if not isinstance(element, dict):
        return False
    prefix, span = element.get("prefix"), element.get("range")
    if isinstance(prefix, dict):
        base, length = address_number(str(prefix.get("addr", ""))), prefix.get("len")
        if base is None or not isinstance(length, int) or not 0 <= length <= 32:
            return False
        return number >> (32 - length) == base >> (32 - length)
    if isinstance(span, list) and len(span) == 2:
        low, high = address_number(str(span[0])), address_number(str(span[1]))
        return low is not None and high is not None and low <= number <= high
    return False


def _port(number: int | None, right: Any) -> bool | None:
    elements = _elements(right)
    if elements is None:
        return None
    return number is not None and any(element == number or _spans(element, number) for element in elements)


def _spans(element: Any, number: int) -> bool:
    span = element.get("range") if isinstance(element, dict) else None
    if not isinstance(span, list) or len(span) != 2 or not all(isinstance(end, int) for end in span):
        return False
    return bool(span[0] <= number <= span[1])

"""Paths of a class of packets through a base chain of nft: every accept and drop that may match, in order."""

from collections.abc import Iterator
from typing import Any, Protocol

from doctor.formats.firewall.nft_json import NftChain, NftRule, NftRuleset

_MAX_DEPTH = 16
_STATEMENTS = frozenset({"counter", "log", "comment", "mangle", "notrack", "quota", "meta", "ct timeout", "last"})
_ENDS = {"accept": "accept", "drop": "drop", "reject": "drop"}
POLICY = "policy"

Met = tuple[str, str, str, bool]
"""("accept" or "drop", the chain, the rule in words, whether it is final for every packet that reaches it)."""


class Packets(Protocol):
    """A class of packets, see ``doctor.facts.firewall.opening.Flow``."""

    @property
    def inside(self) -> str:
        """Input interface."""
        ...

    @property
    def outside(self) -> str:
        """Output interface, "" for none."""
        ...

    @property
    def state(self) -> str:
        """Connection state."""
        ...


def nft_ways(ruleset: NftRuleset, chain: NftChain, flow: Packets) -> Iterator[Met]:
    """Yield the accepts and drops that packets of a flow may meet in a base chain."""
    met: list[Met] = []
    if not _walk(ruleset, chain, flow, met, sure=True, depth=0):
        met.append(("drop" if chain.policy == "drop" else "accept", chain.name, POLICY, True))
    yield from met


def rule_text(rule: NftRule) -> str:
    """Return a rule by its handle and comment; its JSON does not have nft's own spelling."""
    note = f' comment "{rule.comment}"' if rule.comment else ""
    return f"{rule.verdict or 'rule'} (chain {rule.chain}, handle {rule.handle}){note}"


def _walk(ruleset: NftRuleset, chain: NftChain, flow: Packets, met: list[Met], *, sure: bool, depth: int) -> bool:
    """Return whether the chain has a final verdict for every packet."""
    if depth > _MAX_DEPTH:
        return False
    for rule in ruleset.of(chain):
        held, verdict, target = _judge(rule, flow)
        if held is False:
            continue
        if verdict in _ENDS:
            met.append((_ENDS[verdict], chain.name, rule_text(rule), sure and held is True))
            if held is True:
                return True
        elif verdict == "vmap":
            # The targets of a map are not evaluated: it may accept, and may drop.
            met.append(("accept", chain.name, rule_text(rule), False))
            met.append(("drop", chain.name, rule_text(rule), False))
        elif verdict in {"jump", "goto"}:
            inner = next((one for one in ruleset.chains if _is_at(one, chain, target)), None)
            ended = inner is not None and _walk(ruleset, inner, flow, met, sure=sure and held is True, depth=depth + 1)
            if held is True and ended:
                return True
            if held is True and verdict == "goto":
                return False
        elif verdict == "return" and held is True:
            return False
    return False


def _is_at(one: NftChain, near: NftChain, name: str) -> bool:
    return (one.family, one.table, one.name) == (near.family, near.table, name)


def _judge(rule: NftRule, flow: Packets) -> tuple[bool | None, str, str]:
    """Return whether a rule matches the packets (``None``: perhaps), its verdict and the chain that it jumps to."""
    held: bool | None = True
    for expression in rule.expressions:
        for kind, body in expression.items():
            if kind == "match":
                found = _match(body, flow)
                if found is False:
                    return False, "", ""
                held = held if found is True else None
            elif kind in {*_ENDS, "return", "vmap"}:
                return held, kind, ""
            elif kind in {"jump", "goto"}:
                return held, kind, str(body.get("target", "")) if isinstance(body, dict) else ""
            elif kind not in _STATEMENTS:
                held = None
    return held, "", ""


def _match(body: Any, flow: Packets) -> bool | None:
    if not isinstance(body, dict) or body.get("op") not in {"==", "!=", "in"}:
        return None
    left = body.get("left")
    found = _holds(left, body.get("right"), flow) if isinstance(left, dict) else None
    return found if found is None or body["op"] != "!=" else not found


def _holds(left: dict[str, Any], right: Any, flow: Packets) -> bool | None:
    meta, tracked = left.get("meta"), left.get("ct")
    values = _texts(right)
    if values is None:
        return None
    if isinstance(meta, dict) and meta.get("key") in {"iifname", "iif", "oifname", "oif"}:
        name = flow.inside if str(meta["key"]).startswith("iif") else flow.outside
        return any(name == text or (text.endswith("*") and name.startswith(text[:-1])) for text in values)
    if isinstance(tracked, dict) and tracked.get("key") == "state":
        return flow.state.lower() in values
    return None


def _texts(right: Any) -> frozenset[str] | None:
    """Return the values on the right, ``None`` for a named set."""
    if isinstance(right, dict):
        right = right.get("set")
    values = right if isinstance(right, list) else [right]
    if not all(isinstance(value, str | int) for value in values):
        return None
    texts = frozenset(str(value) for value in values)
    return None if any(text.startswith("@") for text in texts) else texts

"""Rules of nft's JSON in the one form."""

from collections.abc import Iterator
from typing import Any

from doctor.facts.path.rules import changes, iptables_targets, times
from doctor.facts.path.rules.form import REJECT, Condition, Doubt, Part, PathRule, RuleVerdict, VerdictMap
from doctor.facts.path.rules.nft_expressions import field
from doctor.facts.path.rules.nft_sets import Named, matcher, verdict, verdicts
from doctor.facts.path.rules.nft_statements import NO_EFFECT, statement
from doctor.facts.path.rules.values import Compare, Matcher
from doctor.formats.firewall.nft_json import NftRule
from doctor.formats.json_values import mapping, text

_VERSIONS = {"ip": 4, "ip6": 6}
_ENDS = frozenset({"accept", "drop", "return", "continue", "jump", "goto"})
_ORDER = frozenset({"<", ">", "<=", ">="})
_NEGATIVE = frozenset({"!=", "!"})
_TRANSLATIONS = frozenset({"DNAT", "SNAT", "MASQUERADE", "REDIRECT", "NETMAP"})


def rule_text(rule: NftRule) -> str:
    """Return a rule by its handle and comment; its JSON does not have nft's own spelling."""
    note = f' comment "{rule.comment}"' if rule.comment else ""
    return f"{rule.verdict or 'rule'} (chain {rule.chain}, handle {rule.handle}){note}"


def rule_of(rule: NftRule, named: Named) -> PathRule:
    """Return a rule in the one form; ``named`` are the sets and maps of its table."""
    parts: list[Part] = []
    for expression in rule.expressions:
        for kind, body in expression.items():
            parts.extend(_parts(kind, body, rule, named))
    is_plain = not rule.comment and not any(isinstance(part, Condition | Doubt | VerdictMap) for part in parts)
    return PathRule(parts=tuple(parts), text=rule_text(rule), origin=rule, is_plain=is_plain)


def _parts(kind: str, body: Any, rule: NftRule, named: Named) -> Iterator[Part]:
    if kind == "match":
        yield _condition(mapping(body), rule, named)
    elif kind in _ENDS:
        yield RuleVerdict(kind, text(mapping(body).get("target")))
    elif kind == "reject":
        yield RuleVerdict(REJECT)
    elif kind == "vmap":
        yield from _verdict_map(mapping(body), rule, named)
    elif kind == "xt":
        yield from _extension(mapping(body), rule)
    elif kind not in NO_EFFECT:
        yield from statement(kind, body, _VERSIONS.get(rule.family, 0), named, rule_text(rule))


def _condition(body: dict[str, Any], rule: NftRule, named: Named) -> Condition | Doubt:
    left, right, operator = body.get("left"), body.get("right"), text(body.get("op"))
    key = mapping(mapping(left).get("meta")).get("key")
    if key in times.KEYS:
        return times.of_nft(key, operator, right, rule_text(rule))
    of = field(left)
    if of is None:
        return Doubt(rule_text(rule))
    found: Matcher | None
    if operator in _ORDER:
        found = Compare(operator, right) if isinstance(right, int) else None
    else:
        found = matcher(right, of, operator, named)
    if found is None:
        return Doubt(rule_text(rule))
    return Condition(of.read, found, operator in _NEGATIVE, of.name, rule_text(rule))


def _verdict_map(body: dict[str, Any], rule: NftRule, named: Named) -> Iterator[Part]:
    of = field(body.get("key"))
    found = None if of is None else verdicts(body.get("data"), of, named)
    if of is not None and found is not None:
        yield VerdictMap(of.read, found, rule_text(rule))
        return
    yield Doubt(rule_text(rule))
    yield from iptables_targets.any_verdict(_targets(body, named))


def _targets(body: dict[str, Any], named: Named) -> tuple[RuleVerdict, ...]:
    """Return the verdicts of a map whose key can't be judged."""
    data = body.get("data")
    listed = named.get(data[1:], {}).get("elem") if isinstance(data, str) else mapping(data).get("set")
    pairs = listed if isinstance(listed, list) else []
    found = (verdict(one[1]) for one in pairs if isinstance(one, list) and len(one) == 2)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _extension(body: dict[str, Any], rule: NftRule) -> Iterator[Part]:
    """Yield the parts of an extension of iptables, of which nft knows only the name."""
    name = text(body.get("name"))
    if body.get("type") != "target":
        yield Doubt(rule_text(rule))
    elif name in iptables_targets.NO_EFFECT:
        return
    elif name == "TCPMSS":
        yield changes.field("segment", changes.fixed(None))
    elif name == "REJECT":
        yield RuleVerdict(REJECT)
    elif name in _TRANSLATIONS:
        unknown = changes.fixed(None)
        kind = "snat" if name in {"SNAT", "MASQUERADE"} else "dnat"
        yield changes.source(kind, unknown, unknown) if kind == "snat" else changes.destination(kind, unknown, unknown)
        yield RuleVerdict("accept")
    else:
        yield from iptables_targets.unknown_target(rule_text(rule))

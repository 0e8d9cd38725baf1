"""The rules of routing of a network namespace after a change."""

from msgspec.structs import replace

from doctor.facts.path.namespace import NetNamespace, RoutingRule

_INVERT = 0x2
"""FIB_RULE_INVERT of include/uapi/linux/fib_rules.h."""


def after_rule(namespace: NetNamespace, command: str, arguments: dict[str, str | int]) -> NetNamespace:
    """Return the namespace after a request of ``RoutingRule.request``: the kernel keeps rules by priority, in the order of addition."""
    if command == "del":
        gone = next((one for one in namespace.rules if one.request() == arguments), None)
        return replace(namespace, rules=tuple(one for one in namespace.rules if one is not gone))
    new = rule_of(arguments)
    if new in namespace.rules:
        return namespace
    return replace(namespace, rules=tuple(sorted((*namespace.rules, new), key=lambda one: (one.version, one.priority))))


def rule_of(arguments: dict[str, str | int]) -> RoutingRule:
    """Return the rule that a request adds.

    >>> rule = RoutingRule(version=4, priority=5, source="10.0.0.0/8", mark=1, mask=255, sport=(9, 11), invert=True, table=7)
    >>> rule_of(rule.request()) == rule
    True
    """

    def number(key: str, usual: int = 0) -> int:
        return int(arguments.get(key, usual))

    def network(key: str) -> str:
        return f"{arguments[key]}/{arguments[f'{key}_len']}" if key in arguments else ""

    def span(key: str) -> tuple[int, int] | None:
        low, _, high = str(arguments.get(key, "")).partition(":")
        return (int(low), int(high)) if high else None

    action = str(arguments.get("action", "to_tbl"))
    return RoutingRule(
        version=6 if number("family") == 10 else 4,
        priority=number("priority"),
        action="table" if action == "to_tbl" else action,
        table=number("table"),
        target=number("goto"),
        source=network("src"),
        destination=network("dst"),
        iif=str(arguments.get("iifname", "")),
        oif=str(arguments.get("oifname", "")),
        mark=number("fwmark"),
        mask=number("fwmask"),
        invert=bool(number("flags") & _INVERT),
        ipproto=number("ip_proto"),
        sport=span("sport_range"),
        dport=span("dport_range"),
        suppress_prefix=number("suppress_prefixlen", -1),
        tos=number("tos"),
        protocol=number("protocol"),
        uid_range=span("uid_range"),
        l3mdev=bool(number("l3mdev")),
    )

"""Counters of iptables-legacy before and after some packets: the rule that dropped them."""

import re

_RULE = re.compile(r"^\[(\d+):(\d+)\] (-A (\S+) .*)$")
_POLICY = re.compile(r"^:(\S+) (DROP) \[(\d+):(\d+)\]$")
_ENDS = re.compile(r" -j (DROP|REJECT|TARPIT|STEAL)\b")


def guilty(before: str, after: str, packets: int, length: int) -> tuple[str, str, str] | None:
    r"""Return table, chain and text of the rule that dropped exactly these packets, text "" for a policy.

    Of several, as in a table that others use at the same time, it is unknown: ``None``.

    >>> save = "*filter\n[{}] -A FORWARD -s 172.17.0.2/32 -j DROP\nCOMMIT\n"
    >>> guilty(save.format("7:700"), save.format("10:2161"), packets=3, length=487)
    ('filter', 'FORWARD', '-A FORWARD -s 172.17.0.2/32 -j DROP')
    """
    old, new = _counts(before), _counts(after)
    rose = [
        place
        for place, (number, size) in new.items()
        if _risen(old.get(place, (0, 0)), (number, size)) == (packets, packets * length)
    ]
    return rose[0] if len(rose) == 1 else None


def _risen(old: tuple[int, int], new: tuple[int, int]) -> tuple[int, int]:
    return new[0] - old[0], new[1] - old[1]


def _counts(save: str) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return packets and bytes of each rule that drops, and of each policy that does; a rule that occurs twice is merged."""
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    table = ""
    for line in save.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        policy = _POLICY.match(line)
        if policy is not None:
            found[table, policy[1], ""] = (int(policy[3]), int(policy[4]))
        rule = _RULE.match(line)
        if rule is not None and _ENDS.search(rule[3]):
            place = (table, rule[4], rule[3])
            old = found.get(place, (0, 0))
            found[place] = (old[0] + int(rule[1]), old[1] + int(rule[2]))
    return found

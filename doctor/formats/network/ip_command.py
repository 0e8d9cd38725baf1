"""Reads the commands of scripts and hooks that change routes, rules of routing and addresses: ip(8) and route(8)."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise

from doctor.formats.network import configured
from doctor.formats.network.configured import ConfiguredCommand, ConfiguredRule, HostItem

_TOOLS = frozenset({
    "ip", "route", "ifconfig", "iptables", "ip6tables", "ebtables", "arptables", "nft", "sysctl", "tc", "bridge", "brctl",
    "iptables-restore", "ip6tables-restore", "iptables-legacy", "ip6tables-legacy", "iptables-nft", "ip6tables-nft",
    "firewall-cmd", "ufw", "modprobe", "rmmod",
})  # fmt: skip
_KINDS = frozenset({"unicast", "local", "broadcast", "blackhole", "unreachable", "prohibit", "throw"})
_VERBS = frozenset({"a", "ad", "add", "append", "replace", "change", "prepend"})
_RULE_KEYS = {
    "from": "source", "to": "destination", "iif": "iif", "dev": "iif", "oif": "oif", "fwmark": "mark",
    "table": "table", "lookup": "table", "pref": "priority", "priority": "priority", "order": "priority",
}  # fmt: skip
_MAYBE = re.compile(r"(?:^|[\s;&|=\"'/(@+!:-])(?:" + "|".join(sorted(_TOOLS)) + r")\s")
_SPLIT = re.compile(r"&&|\|\||[;|&]")
_MAX_LINE = 4096


def commands(line: str, *, path: str = "", number: int = 0) -> Iterator[ConfiguredCommand]:
    """Yield the commands of a line of a script or of a hook that change the network.

    >>> [found.words for found in commands("ExecStartPre=-/sbin/ip rule add to 10.0.0.0/8 prohibit; true")]
    [('ip', 'rule', 'add', 'to', '10.0.0.0/8', 'prohibit')]
    >>> list(commands("# ip rule add from all blackhole"))
    []
    """
    if len(line) > _MAX_LINE or line.lstrip().startswith(("#", ";")) or not _MAYBE.search(line):
        return
    for part in parts(line):
        words = _words(part)
        names = [word.rpartition("/")[2].rpartition("=")[2].lstrip("-@+!:(") for word in words]
        start = next((place for place, name in enumerate(names[:-1]) if name in _TOOLS), None)
        if start is not None:
            yield ConfiguredCommand(words=(names[start], *words[start + 1 :]), path=path, line=number)


def parts(line: str) -> list[str]:
    """The commands of a line of a shell script, split at its separators without regard to quotes.

    `|| true` at the end is left out.

    >>> parts("ip rule add pref 1 || true"), len(parts("a && b"))
    (['ip rule add pref 1'], 2)
    """
    return [part.strip() for part in _SPLIT.split(line) if part.strip() not in {"", "true", ":"}]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def items(command: ConfiguredCommand, device: str = "") -> Iterator[HostItem]:
    """Yield the routes, rules and addresses that a command adds; ``device`` stands for $IFACE and %i.

    >>> command = ConfiguredCommand(words=("ip", "rule", "add", "iif", "br-app", "blackhole", "pref", "77"))
    >>> [(rule.iif, rule.action, rule.priority) for rule in items(command)]
    [('br-app', 'blackhole', 77)]
    >>> command = ConfiguredCommand(words=("ip", "-4", "r", "a", "default", "via", "192.0.2.1", "dev", "$IFACE"))
    >>> [(route.destination, route.gateway, route.device) for route in items(command, "eth0")]
    [('0.0.0.0/0', '192.0.2.1', 'eth0')]
    """
    words = [
        device if device and word in {"$IFACE", "${IFACE}", "%i", "$DEVICE_IFACE"} else word for word in command.words
    ]
    tool, *rest = words
    version = 0
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        version = {"-4": 4, "-6": 6}.get(flag, version)
        if flag in {"-n", "-netns", "-f", "-family"}:
            return
    if tool == "route" and rest[:1] == ["add"]:
        yield from _old_route(command, rest[1:])
    elif tool == "ip" and len(rest) > 2 and rest[1] in _VERBS:
        yield from _of_ip(command, rest, version)


def _of_ip(command: ConfiguredCommand, rest: list[str], version: int) -> Iterator[HostItem]:
    noun, _, *words = rest
    if _is_short(noun, "rule", 2):
        yield from _rule(command, words, version)
    elif _is_short(noun, "route", 1):
        yield from _route(command, words, version)
    elif _is_short(noun, "address", 1):
        pairs = _pairs(words[1:])
        found = configured.address(pairs.get("dev", ""), words[0], path=command.path, line=command.line)
        if found is not None:
            yield found


def _is_short(word: str, whole: str, least: int) -> bool:
    """Whether ip(8) takes a word for another, which it may shorten."""
    return len(word) >= least and whole.startswith(word)


def _route(command: ConfiguredCommand, words: list[str], version: int) -> Iterator[HostItem]:
    kind = words.pop(0) if words[0] in _KINDS else "unicast"
    if words and words[0] == "to":
        words.pop(0)
    if not words:
        return
    pairs = _pairs(words[1:])
    found = configured.route(
        words[0], version=version, kind=kind, gateway=_next(words, "via"), device=pairs.get("dev", ""),
        metric=pairs.get("metric", pairs.get("preference", "")), table=pairs.get("table", ""), source=pairs.get("src", ""),
        path=command.path, line=command.line,
    )  # fmt: skip
    if found is not None:
        yield found


def _next(words: list[str], key: str) -> str:
    """Return the word after a key, also in "via inet6 fe80::1"."""
    if key not in words[:-1]:
        return ""
    place = words.index(key) + 1
    skip = words[place] in {"inet", "inet6"} and place + 1 < len(words)
    return words[place + 1] if skip else words[place]


def _pairs(words: list[str]) -> dict[str, str]:
    return dict(pairwise(words))


def _rule(command: ConfiguredCommand, words: list[str], version: int) -> Iterator[HostItem]:
    found: dict[str, str] = {}
    place = 0
    while place < len(words):
        key = _RULE_KEYS.get(words[place])
        if key is not None and place + 1 < len(words):
            found[key] = words[place + 1]
            place += 1
        elif words[place] in {"blackhole", "unreachable", "prohibit"}:
            found["action"] = words[place]
        elif words[place] == "not":
            return
        place += 1
    family = version or (6 if ":" in found.get("source", "") + found.get("destination", "") else 4)
    yield ConfiguredRule(
        version=family, action=found.get("action", "table"), table=found.get("table", "main"),
        priority=configured.number(found.get("priority", "")), mark=configured.number(found.get("mark", "")),
        source=_side(found.get("source", ""), family), destination=_side(found.get("destination", ""), family),
        iif=found.get("iif", ""), oif=found.get("oif", ""), path=command.path, line=command.line,
    )  # fmt: skip


def _side(text: str, version: int) -> str:
    """Return a sender or receiver of a rule; "" for all, as in the kernel's list."""
    found = configured.network(text, version) if text else ""
    return "" if found in {"0.0.0.0/0", "::/0"} else found


def _old_route(command: ConfiguredCommand, words: list[str]) -> Iterator[HostItem]:
    """Yield the route of ``route add -net 10.0.0.0 netmask 255.0.0.0 gw 192.0.2.1 dev eth0``."""
    words = [word for word in words if word not in {"-net", "-host"}]
    if not words:
        return
    pairs = _pairs(words[1:])
    mask = pairs.get("netmask", "")
    found = configured.route(
        f"{words[0]}/{mask}" if mask else words[0], gateway=_next(words, "gw"), device=pairs.get("dev", ""),
        metric=pairs.get("metric", ""), kind="prohibit" if "reject" in words else "unicast",
        path=command.path, line=command.line,
    )  # fmt: skip
    if found is not None:
        yield found

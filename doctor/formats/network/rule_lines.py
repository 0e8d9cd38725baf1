"""Reads the lines of files that add rules of iptables: saved rules, those of ufw, firewalld's direct rules, and commands."""

import re
from collections.abc import Iterator

from msgspec import Struct

# Compiled where they are used: this module is a part of every scan.
_DIRECT = r"<(rule|passthrough)\b([^<>]*)>([^<]*)</\1\s*>"
_ATTRIBUTE = r"([a-z_]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')"
_LOADED = frozenset({"-m", "--match"})
_DROPPED = {"--comment": 1, "--reject-with": 1, "-w": 0, "--wait": 0, "-c": 2}
_LONG = {"--in-interface": "-i", "--out-interface": "-o", "--jump": "-j", "--goto": "-g", "--source": "-s",
    "--destination": "-d", "--protocol": "-p", "--src": "-s", "--dst": "-d", "--append": "-A", "--insert": "-I",
    "--policy": "-P", "--state": "--ctstate", "--table": "-t"}  # fmt: skip
_PLACES = frozenset({"-A", "-I", "-P"})


class RuleLine(Struct, frozen=True, kw_only=True):
    """A rule, or a policy that drops.

    Attributes:
        family: "ip" or "ip6", or one of nft.
        words: of the rule in a form in which equal rules are equal; empty for a policy.
    """

    family: str
    table: str
    chain: str
    words: tuple[str, ...]
    path: str
    line: int


def plain(words: list[str]) -> tuple[str, ...]:
    """The words of a rule without its chain, and without what programs write in different ways.

    >>> plain(["-i", "br0", "-p", "tcp", "-m", "tcp", "--dport", "80", "-m", "comment", "--comment", "x", "-j", "REJECT"])
    ('--dport', '-i', '-j', '-p', '80', 'REJECT', 'br0', 'tcp')
    """
    found: list[str] = []
    place = 0
    while place < len(words):
        word = _LONG.get(words[place], words[place])
        place += 1
        if word in _LOADED:
            place += 1
        elif word in _DROPPED:
            place += _DROPPED[word]
        else:
            found.append(",".join(sorted(word.removesuffix("/32").split(","))))
    return tuple(sorted(found))


def restore(text: str, path: str, family: str) -> Iterator[RuleLine]:
    r"""Yield the rules and policies of a file in the format of iptables-restore, as ufw's are too.

    >>> [(one.table, one.chain, one.line) for one in restore("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -j REJECT\n", "/a", "ip")]
    [('filter', 'FORWARD', 2), ('filter', 'FORWARD', 3)]
    """
    table = "filter"
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":") and line.split()[1:2] == ["DROP"]:
            yield RuleLine(family=family, table=table, chain=line[1:].split()[0], words=(), path=path, line=number)
        elif line.lstrip().startswith(("-A", "-I", "[")):
            words = _split(line)
            words = words[1:] if words[:1] and words[0].startswith("[") else words
            yield from _rule(words, family, table, path, number)


def command(words: tuple[str, ...], path: str, number: int) -> Iterator[RuleLine]:
    """Yield the rule or policy of a command.

    >>> [(one.table, one.chain, one.words) for one in command(("iptables", "-w", "-I", "FORWARD", "1", "-j", "DROP"), "/a", 1)]
    [('filter', 'FORWARD', ('-j', 'DROP'))]
    """
    tool, *rest = words
    if tool.split("-")[0] in {"iptables", "ip6tables"}:
        yield from _rule(rest, "ip6" if tool.startswith("ip6") else "ip", "filter", path, number)


def direct(text: str, path: str) -> Iterator[RuleLine]:
    """Yield the rules of firewalld's direct.xml, which are in the chain that the file names, or in CHAIN_direct.

    >>> text = '<direct><rule ipv="ipv4" table="filter" chain="FORWARD" priority="0">-j REJECT</rule></direct>'
    >>> [(one.chain, one.words) for one in direct(text, "/a")]
    [('FORWARD', ('-j', 'REJECT')), ('FORWARD_direct', ('-j', 'REJECT'))]
    """
    from html import unescape  # noqa: PLC0415 - only where something is wrong

    for found in re.finditer(_DIRECT, text):
        attributes = {name: double or single for name, double, single in re.findall(_ATTRIBUTE, found[2])}
        family = "ip6" if attributes.get("ipv") == "ipv6" else "ip"
        number = text.count("\n", 0, found.start()) + 1
        words = _split(unescape(found[3]))
        if found[1] == "passthrough":
            yield from _rule(words, family, "filter", path, number)
            continue
        table, chain = attributes.get("table", "filter"), attributes.get("chain", "")
        for name in (chain, f"{chain}_direct"):
            yield RuleLine(family=family, table=table, chain=name, words=plain(words), path=path, line=number)


def _rule(words: list[str], family: str, table: str, path: str, number: int) -> Iterator[RuleLine]:
    words = [_LONG.get(word, word) for word in words if word not in {"-w", "--wait"}]
    if "-t" in words[:-1]:
        place = words.index("-t")
        table, words = words[place + 1], words[:place] + words[place + 2 :]
    start = next((place for place, word in enumerate(words[:-1]) if word in _PLACES), None)
    if start is None:
        return
    verb, chain, rest = words[start], words[start + 1], words[:start] + words[start + 2 :]
    if verb == "-I" and rest[:1] and rest[0].isdigit():
        rest = rest[1:]
    if verb != "-P":
        yield RuleLine(family=family, table=table, chain=chain, words=plain(rest), path=path, line=number)
    elif rest == ["DROP"]:
        yield RuleLine(family=family, table=table, chain=chain, words=(), path=path, line=number)


def _split(text: str) -> list[str]:
    import shlex  # noqa: PLC0415 - only where something is wrong

    try:
        return shlex.split(text)
    except ValueError:
        return text.split()

"""Canonical form of an iptables rule: two spellings of the same rule are equal."""

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

_NAMES = {
    "--source": "-s", "--src": "-s", "--destination": "-d", "--dst": "-d", "--in-interface": "-i",
    "--out-interface": "-o", "--protocol": "-p", "--proto": "-p", "--jump": "-j", "--goto": "-g", "--match": "-m",
    "--fragment": "-f", "--set-counters": "-c", "--destination-port": "--dport", "--source-port": "--sport", "--destination-ports": "--dports",
    "--source-ports": "--sports", "--state": "--ctstate",
}  # fmt: skip
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "ipv6-icmp", "icmpv6": "ipv6-icmp", "132": "sctp"}
_MODULES = {"state": "conntrack", "icmpv6": "icmp6"}
_OF_PROTOCOL = frozenset({"--dport", "--sport", "--tcp-flags", "--syn", "--icmp-type"})
_UNORDERED = frozenset({"--ctstate", "--dports", "--sports", "--ports"})
_SYN = (False, "--tcp-flags", ("ACK,FIN,RST,SYN", "SYN"))
_ICMP = {"8": "echo-request", "0": "echo-reply", "3": "destination-unreachable", "11": "time-exceeded"}
_DEFAULT_REJECTS = frozenset({"icmp-port-unreachable", "port-unreach", "icmp6-port-unreachable"})
_ANYWHERE = frozenset({"0.0.0.0/0", "0/0", "::/0", "0.0.0.0/0.0.0.0"})
_WORD = r'"((?:[^"\\]|\\.)*)"?|[^\s"]+'

Option = tuple[bool, str, tuple[str, ...]]
"""Negated, name, arguments."""


class CanonicalRule(Struct, frozen=True, kw_only=True):
    """A rule without its chain: its matches and its target.

    Attributes:
        basics: -p, -s, -d, -i, -o and -f, sorted.
        matches: each match module with its options, sorted; comments and modules without effect are omitted.
        target: the chain or target; "" for a rule that only counts.
        is_goto: whether it goes (-g) instead of jumping; only compared.
        target_options: options of the target, sorted.
    """

    basics: tuple[Option, ...]
    matches: tuple[tuple[str, tuple[Option, ...]], ...]
    target: str
    is_goto: bool
    target_options: tuple[Option, ...]

    def option(self, name: str) -> str | None:
        """The value of an option of any match or of the target ("--dport"), with "!" in front if negated; ``None`` without it."""
        for _, options in (*self.matches, ("", self.target_options)):
            for negated, option, arguments in options:
                if option == name:
                    return ("!" if negated else "") + " ".join(arguments)
        return None


def split_words(text: str) -> list[str]:
    r"""The words of a line of iptables-save, quoted with double quotes and backslashes.

    >>> split_words('-A INPUT -m comment --comment "say \\"hi\\"" -j LOG')[5]
    'say "hi"'
    """
    if '"' not in text:
        return text.split()
    words = []
    for match in re.finditer(_WORD, text):
        quoted = match[1]
        words.append(match[0] if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
    return words


def pasted(text: str) -> str:
    """Return a rule's text as a shell must read it: iptables-save does not quote for shells.

    >>> print(pasted('INPUT ! -i $(id) -m comment --comment "it is `id`" -j LOG'))
    INPUT ! -i '$(id)' -m comment --comment 'it is `id`' -j LOG
    """
    return " ".join(word if word == "!" else shlex.quote(word) for word in split_words(text))


def canonical(words: Sequence[str]) -> CanonicalRule:
    """The canonical form of a rule's words after "-A CHAIN". Never raises; unknown options are kept unchanged.

    >>> a = canonical("-d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT".split())
    >>> b = canonical("-p 6 --destination 172.17.0.2 -o docker0 ! -i docker0 --dport 80 -j ACCEPT".split())
    >>> a == b
    True
    """
    return _canonical(tuple(words))


@lru_cache(maxsize=8192)
def _canonical(words: tuple[str, ...]) -> CanonicalRule:
    basics: list[Option] = []
    groups: list[tuple[str, list[Option]]] = []
    target, is_goto = "", False
    target_options: list[Option] = []
    current: list[Option] | None = None
    for option in _options(words):
        negated, name, arguments = option
        first = arguments[0] if arguments else ""
        if name == "-c":
            # Counters are not part of a rule's effect.
            continue
        if name in {"-j", "-g"}:
            target, is_goto, current = first, name == "-g", target_options
        elif name == "-m":
            current = []
            groups.append((_MODULES.get(first, first), current))
        elif name in {"-p", "-s", "-d", "-i", "-o", "-f"}:
            basics.extend(_basic(negated, name, arguments))
        elif name in _OF_PROTOCOL and current is not None and groups and groups[-1][0] == "multiport":
            current.append(_normal(negated, name, arguments))
        elif name in _OF_PROTOCOL or current is None:
            # `-p tcp --dport 80` loads the match of the protocol without naming it.
            _group_of_protocol(basics, groups).append(_normal(negated, name, arguments))
        else:
            current.append(_normal(negated, name, arguments))
    return CanonicalRule(
        basics=tuple(sorted(basics)),
        matches=_sorted_groups(groups),
        target=target,
        is_goto=is_goto,
        target_options=tuple(sorted(option for option in target_options if not _is_default(target, option))),
    )


def _group_of_protocol(basics: list[Option], groups: list[tuple[str, list[Option]]]) -> list[Option]:
    protocol = next((arguments[0] for _, name, arguments in basics if name == "-p" and arguments), "")
    for name, options in groups:
        if name == protocol:
            return options
    groups.append((protocol, []))
    return groups[-1][1]


def _options(words: Sequence[str]) -> Iterator[Option]:
    """Each option with its arguments; "!" before the option or before its argument negates."""
    index, negated = 0, False
    while index < len(words):
        word = words[index]
        index += 1
        if word == "!":
            negated = True
            continue
        arguments: list[str] = []
        while index < len(words) and not _begins_option(words, index):
            if words[index] == "!":
                negated = True
            else:
                arguments.append(words[index])
            index += 1
        yield negated, _NAMES.get(word, word), tuple(arguments)
        negated = False


def _begins_option(words: Sequence[str], index: int) -> bool:
    word = words[index]
    if word == "!":
        return index + 1 < len(words) and words[index + 1].startswith("-")
    return word.startswith("-") and len(word) > 1 and not word[1:2].isdigit()


def _basic(negated: bool, name: str, arguments: tuple[str, ...]) -> Iterator[Option]:
    value = arguments[0] if arguments else ""
    if name == "-p":
        value = _PROTOCOLS.get(value.lower(), value.lower())
        if value not in {"all", "0"}:
            yield negated, name, (value,)
    elif name in {"-s", "-d"}:
        if negated or value not in _ANYWHERE:
            yield negated, name, (normal_address(value),)
    elif negated or value != "+":
        yield negated, name, arguments


def _normal(negated: bool, name: str, arguments: tuple[str, ...]) -> Option:
    if name == "--syn":
        return (negated, *_SYN[1:])
    if name in _UNORDERED and arguments:
        arguments = (",".join(sorted(set(arguments[0].split(",")))),)
    elif name == "--tcp-flags":
        arguments = tuple(",".join(sorted(flags.split(","))) for flags in arguments)
    elif name in {"--dport", "--sport"} and arguments:
        low, _, high = arguments[0].partition(":")
        arguments = (low if low == high else arguments[0],)
    elif name == "--icmp-type" and arguments:
        arguments = (_ICMP.get(arguments[0], arguments[0]),)
    elif name in {"--mark", "--set-xmark", "--set-mark"} and arguments:
        arguments = (_normal_mark(arguments[0]),)
    return negated, name, arguments


def _normal_mark(value: str) -> str:
    number, _, mask = value.partition("/")
    try:
        number = hex(int(number, 0))
        mask = hex(int(mask, 0)) if mask else "0xffffffff"
    except ValueError:
        return value
    return number if mask == "0xffffffff" else f"{number}/{mask}"


def normal_address(value: str) -> str:
    """An address with the length of its prefix and its host bits cleared, as iptables-save prints it.

    >>> normal_address("10.88.3.4/255.255.0.0"), normal_address("172.17.0.2")
    ('10.88.0.0/16', '172.17.0.2/32')
    """
    address, _, mask = value.partition("/")
    if ":" in address:
        return value.lower() if mask else f"{value.lower()}/128"
    number = _ipv4(address)
    bits = _ipv4(mask) if "." in mask else None
    if bits is None and (mask.isascii() and mask.isdigit()):
        bits = (0xFFFFFFFF << (32 - min(int(mask[:3]), 32))) & 0xFFFFFFFF
    elif bits is None and not mask:
        bits = 0xFFFFFFFF
    if number is None or bits is None:
        return value
    length = bits.bit_count()
    if bits != (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF:
        return value
    number &= bits
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{length}"


def _ipv4(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        return None
    numbers = [int(part) for part in parts]
    return None if max(numbers) > 255 else int.from_bytes(bytes(numbers), "big")


def _sorted_groups(groups: list[tuple[str, list[Option]]]) -> tuple[tuple[str, tuple[Option, ...]], ...]:
    # A module without options (`-m tcp` alone) repeats -p; a comment has no effect in the kernel.
    return tuple(sorted((name, tuple(sorted(options))) for name, options in groups if options and name != "comment"))


def _is_default(target: str, option: Option) -> bool:
    _, name, arguments = option
    return target == "REJECT" and name == "--reject-with" and bool(arguments) and arguments[0] in _DEFAULT_REJECTS

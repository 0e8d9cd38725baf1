"""Translates an nft rule to iptables; ``None`` if iptables has no equivalent, or this module does not know it."""

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from itertools import product

_INTERFACE = re.compile(r"[A-Za-z0-9_.@:-]{1,15}\*?")
_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
_NUMBER = re.compile(r"(?:0x)?[0-9a-fA-F]+")
_CHAIN = re.compile(r"[A-Za-z0-9_.-]{1,28}")
_COMMENT = re.compile(r'"[^"\\\n]{0,250}"')
_STATES = {"new", "established", "related", "invalid", "untracked"}
_VERDICTS = {"accept": "ACCEPT", "drop": "DROP", "return": "RETURN"}
_PROTOCOLS = {
    "tcp": "tcp",
    "udp": "udp",
    "sctp": "sctp",
    "icmp": "icmp",
    "icmpv6": "ipv6-icmp",
    "ipv6-icmp": "ipv6-icmp",
}
_REJECTS = {"port-unreachable", "admin-prohibited", "host-prohibited", "host-unreachable", "net-unreachable"}
_MOST_PORTS, _MOST_RULES = 15, 64


class _UnknownError(Exception):
    """A word without equivalent."""


def as_iptables(chain: str, words: Sequence[str], version: int) -> tuple[str, ...] | None:
    """Return the iptables rules equivalent to one nft rule.

    >>> as_iptables("X", ["iifname", '"eth0"', "ip", "saddr", "!=", "10.0.0.0/8", "tcp", "dport", "80", "drop"], 4)
    ('-A X ! -s 10.0.0.0/8 -i eth0 -p tcp -m tcp --dport 80 -j DROP',)
    >>> as_iptables("X", ["ip", "saddr", "@banned", "drop"], 4)
    """
    rule = _Rule(list(words), version)
    try:
        rule.read()
        return rule.texts(chain)
    except (_UnknownError, IndexError, ValueError):
        return None


class _Rule:
    def __init__(self, words: list[str], version: int) -> None:
        self.words = words
        self.version = version
        self.basics: dict[str, list[str]] = {}
        self.matches: list[str] = []
        self.protocol = ""
        self.end = ""

    def texts(self, chain: str) -> tuple[str, ...]:
        if not self.end:
            raise _UnknownError
        sides = [self.basics[name] for name in ("-s", "-d", "-i", "-o", "-p") if name in self.basics]
        rows = list(product(*sides))
        if len(rows) > _MOST_RULES:
            raise _UnknownError
        return tuple(" ".join((f"-A {chain}", *row, *self.matches, self.end)) for row in rows)

    def read(self) -> None:
        while self.words:
            word = self.words.pop(0)
            if self.end and word != "comment":
                raise _UnknownError
            if word == "counter":
                if self.words[:1] == ["packets"]:
                    del self.words[:4]
            elif word == "comment":
                text = self.words.pop(0)
                if not _COMMENT.fullmatch(text):
                    raise _UnknownError
                self.matches.append(f"-m comment --comment {text}")
            elif word in _VERDICTS:
                self.end = f"-j {_VERDICTS[word]}"
            elif word in {"jump", "goto"}:
                self.end = f"-{word[0]} {_fits(_CHAIN, self.words.pop(0))}"
            elif word == "reject":
                self._reject()
            else:
                self._match(word)

    def _match(self, word: str) -> None:
        if word == "meta":
            word = self.words.pop(0)
        if word in {"iifname", "iif", "oifname", "oif"}:
            self._basic(f"-{word[0]}", _interface)
        elif word in {"ip", "ip6"}:
            self._of_address(word)
        elif word == "l4proto":
            self._of_protocol()
        elif word == "nfproto":
            if self.words.pop(0) != f"ipv{self.version}":
                raise _UnknownError
        elif word == "mark":
            negated, value = self._one()
            self.matches.append(f"-m mark {_not(negated)}--mark {_fits(_NUMBER, value)}")
        elif word in _PROTOCOLS or word == "th":
            self._port(word)
        elif word == "ct":
            self._tracked()
        else:
            raise _UnknownError

    def _of_address(self, family: str) -> None:
        if (family == "ip6") != (self.version == 6):
            raise _UnknownError
        field = self.words.pop(0)
        if field in {"protocol", "nexthdr"}:
            self._of_protocol()
        else:
            self._basic({"saddr": "-s", "daddr": "-d"}.get(field, ""), self._address)

    def _one(self) -> tuple[bool, str]:
        negated, values = self._values()
        if len(values) != 1:
            raise _UnknownError
        return negated, values[0]

    def _basic(self, name: str, form: Callable[[str], str]) -> None:
        negated, values = self._values()
        if not name or name in self.basics or (negated and len(values) > 1):
            raise _UnknownError
        self.basics[name] = [f"{_not(negated)}{name} {form(value)}" for value in values]

    def _of_protocol(self) -> None:
        negated, values = self._values()
        if negated or self.protocol:
            raise _UnknownError
        names = [_PROTOCOLS.get(value, "") for value in values]
        if "" in names:
            raise _UnknownError
        self.protocol = names[0] if len(names) == 1 else "?"
        self.basics["-p"] = [f"-p {name}" for name in names]

    def _address(self, text: str) -> str:
        found = ip_network(text, strict=False)
        if found.version != self.version:
            raise _UnknownError
        return str(found)

    def _port(self, protocol: str) -> None:
        field = self.words.pop(0)
        if field not in {"dport", "sport"} or protocol in {"icmp", "icmpv6", "ipv6-icmp"}:
            raise _UnknownError
        if protocol in {"th", self.protocol}:
            protocol = self.protocol
        elif self.protocol:
            raise _UnknownError
        if protocol not in {"tcp", "udp", "sctp"}:
            raise _UnknownError
        self.protocol = protocol
        self.basics["-p"] = [f"-p {protocol}"]
        negated, values = self._values()
        ports = [_span(value) for value in values]
        if len(ports) == 1:
            self.matches.append(f"-m {protocol} {_not(negated)}--{field} {ports[0]}")
        elif len(ports) + sum(":" in port for port in ports) <= _MOST_PORTS:
            self.matches.append(f"-m multiport {_not(negated)}--{field}s {','.join(ports)}")
        else:
            raise _UnknownError

    def _tracked(self) -> None:
        field = self.words.pop(0)
        if field == "original":
            if self.words.pop(0) != "proto-dst":
                raise _UnknownError
            negated, value = self._one()
            if self.protocol not in {"tcp", "udp", "sctp"}:
                raise _UnknownError
            self.matches.append(f"-m conntrack {_not(negated)}--ctorigdstport {_span(value)}")
            return
        negated, values = self._values()
        known = {"state": _STATES, "status": {"dnat", "snat"}, "direction": {"original", "reply"}}.get(field, set())
        if not set(values) <= known or (field == "direction" and (negated or len(values) > 1)):
            raise _UnknownError
        option = {"state": "--ctstate", "status": "--ctstatus", "direction": "--ctdir"}[field]
        self.matches.append(f"-m conntrack {_not(negated)}{option} {','.join(values).upper()}")

    def _reject(self) -> None:
        kind = "icmp" if self.version == 4 else "icmp6"
        if self.words[:1] != ["with"]:
            self.end = f"-j REJECT --reject-with {kind}-port-unreachable"
            return
        del self.words[0]
        family = self.words.pop(0)
        if self.words[:1] == ["type"]:
            del self.words[0]
        reason = self.words.pop(0)
        if family == "tcp" and reason == "reset" and self.basics.get("-p") == ["-p tcp"]:
            self.end = "-j REJECT --reject-with tcp-reset"
        elif family == {4: "icmp", 6: "icmpv6"}[self.version] and self.version == 4 and reason in _REJECTS:
            self.end = f"-j REJECT --reject-with icmp-{reason}"
        elif family in {"icmpx", "icmpv6"} and reason == "port-unreachable":
            self.end = f"-j REJECT --reject-with {kind}-port-unreachable"
        else:
            raise _UnknownError

    def _values(self) -> tuple[bool, list[str]]:
        """Return whether a comparison is negated, and its right side: one value, several, or a set."""
        negated = self.words[0] in {"!=", "ne"}
        if self.words[0] in {"!=", "ne", "==", "eq"}:
            del self.words[0]
        values: list[str] = []
        if self.words[0] == "{":
            end = self.words.index("}")
            values = [word for word in self.words[1:end] if word != ","]
            del self.words[: end + 1]
        else:
            values.append(self.words.pop(0))
            while self.words[:1] == [","]:
                values.append(self.words[1])
                del self.words[:2]
        if not values:
            raise _UnknownError
        return negated, [value.strip('"') for value in values]


def _not(negated: bool) -> str:
    return "! " if negated else ""


def _fits(form: re.Pattern[str], text: str) -> str:
    if not form.fullmatch(text):
        raise _UnknownError
    return text


def _interface(text: str) -> str:
    found = _fits(_INTERFACE, text)
    return f"{found[:-1]}+" if found.endswith("*") else found


def _span(text: str) -> str:
    found = _PORT.fullmatch(text)
    if found is None or any(int(end) > 65535 for end in found.groups() if end):
        raise _UnknownError
    return text.replace("-", ":")

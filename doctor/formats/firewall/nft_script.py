"""Reads files of ``nft -f``: the rules of each chain. Includes are read, definitions expanded.

Only commands that create, flush or delete tables, chains and rules are used. As in nft, a file with an unclosed block
loads nothing: that is a ``FormatError``.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from doctor.model.errors import FormatError

MAX_DEPTH = 16
"""Limit of nested includes, as in nft."""
MAX_WORDS = 400_000
MAX_DEFINED = 4096

Key = tuple[str, str, str]
"""Family, table, chain."""
Include = Callable[[str], Iterator[tuple[str, str]]]
"""For the pattern of an include, yields the path and text of each matching file."""

_WORD = re.compile(r'\\\r?\n|#[^\n]*|"[^"\n]*"|\n|[!<>=]=|[{};,=]|[^\s{};,="#!<>]+|[!<>"]')
_FAMILIES = frozenset({"ip", "ip6", "inet", "arp", "bridge", "netdev"})
_ENDS = frozenset({"\n", ";", "{", "}"})


class NftWord(NamedTuple):
    """A word with its place."""

    text: str
    path: str
    line: int


class ScriptRule(NamedTuple):
    """A rule in nft's syntax, and its place."""

    words: tuple[str, ...]
    path: str
    line: int


def rules_of(path: str, text: str, include: Include) -> dict[Key, list[ScriptRule]]:
    """Return the rules that a file loads, by chain; raises ``FormatError`` for an incomplete or endless one.

    >>> text = "table ip filter { chain DOCKER-USER { tcp dport 80 drop; } }"
    >>> [(key, rule.words) for key, rules in rules_of("/etc/nftables.conf", text, lambda _: iter(())).items() for rule in rules]
    [(('ip', 'filter', 'DOCKER-USER'), ('tcp', 'dport', '80', 'drop'))]
    """
    return _Script(_words(path, text, include, 0)).run()


def _words(path: str, text: str, include: Include, depth: int) -> Iterator[NftWord]:
    if depth > MAX_DEPTH:
        raise FormatError(f"includes are nested more than {MAX_DEPTH} deep", where=path)
    line, before, is_include = 1, "\n", False
    for found in _WORD.finditer(text):
        word = found[0]
        if is_include and word.startswith('"'):
            for name, inner in include(word.strip('"')):
                yield from _words(name, inner, include, depth + 1)
                yield NftWord("\n", name, 0)
        elif word == "include" and before in _ENDS:
            is_include = True
            continue
        elif not word.startswith(("#", "\\\n", "\\\r")):
            yield NftWord(word, path, line)
            before = word
        is_include = False
        line += word.count("\n")
    yield NftWord("\n", path, line)


def policies_of(path: str, text: str, include: Include) -> dict[Key, ScriptRule]:
    r"""Return the policies that drop, by chain; raises as ``rules_of``.

    >>> text = "table inet t {\n chain c {\n  type filter hook forward priority 0; policy drop;\n }\n}"
    >>> [(key, found.line) for key, found in policies_of("/etc/nftables.conf", text, lambda _: iter(())).items()]
    [(('inet', 't', 'c'), 3)]
    """
    script = _Script(_words(path, text, include, 0))
    script.run()
    return script.policies


class _Script:
    def __init__(self, words: Iterator[NftWord]) -> None:
        self.words = words
        self.count = 0
        self.defined: dict[str, list[NftWord]] = {}
        self.chains: dict[Key, list[ScriptRule]] = {}
        self.policies: dict[Key, ScriptRule] = {}

    def run(self) -> dict[Key, list[ScriptRule]]:
        self._scope(())
        return self.chains

    def _scope(self, scope: tuple[str, ...]) -> None:
        """Read the statements of the whole file, of a table or of a chain, up to the brace that ends it."""
        statement: list[NftWord] = []
        depth = 0
        for word in self.words:
            self.count += 1
            if self.count > MAX_WORDS:
                raise FormatError(f"more than {MAX_WORDS} words", where=word.path)
            if word.text in {"\n", ";"} and not depth:
                self._statement(scope, statement)
                statement = []
            elif word.text == "{" and not depth and self._opens(scope, statement):
                statement = []
            elif word.text == "}" and not depth:
                self._statement(scope, statement)
                if not scope:
                    raise FormatError("unmatched closing brace", where=f"{word.path}:{word.line}")
                return
            elif word.text != "\n":
                depth += (word.text == "{") - (word.text == "}")
                put = self._put_in(word)
                # A definition of definitions grows with the product of their lengths.
                self.count += len(put) - 1
                statement += put
        if scope or depth:
            raise FormatError("unclosed brace")
        self._statement(scope, statement)

    def _put_in(self, word: NftWord) -> list[NftWord]:
        return self.defined.get(word.text[1:], [word]) if word.text.startswith("$") else [word]

    def _opens(self, scope: tuple[str, ...], statement: list[NftWord]) -> bool:
        """Read the block of a table or chain, if a brace opens one here."""
        words = [word.text for word in statement]
        if words and words[0] in {"add", "create"}:
            words = words[1:]
        may_open = {0: ("table", "chain"), 2: ("chain",)}.get(len(scope), ())
        if not words or words[0] not in may_open:
            return False
        inner = (*scope, words[1]) if scope and len(words) == 2 else _named(words[1:])
        if len(inner) != (3 if words[0] == "chain" else 2):
            return False
        self._scope(inner)
        return True

    def _statement(self, scope: tuple[str, ...], statement: list[NftWord]) -> None:
        if not statement:
            return
        words = [word.text for word in statement]
        if words[0] in {"define", "redefine"} and len(words) > 2 and words[2] == "=":
            if len(statement) > MAX_DEFINED:
                raise FormatError("a definition is endless", where=f"{statement[0].path}:{statement[0].line}")
            self.defined[words[1]] = statement[3:]
        elif len(scope) == 3:
            self._add((scope[0], scope[1], scope[2]), words, statement[0])
        elif not scope:
            self._command(words, statement[0])

    def _command(self, words: list[str], first: NftWord) -> None:
        verb = words[0]
        if verb in {"flush", "delete", "destroy"}:
            gone: tuple[str, ...] = () if words[1:] == ["ruleset"] else _named(words[2:])
            if words[1:2] in (["rule"], ["set"], ["element"], ["map"]):
                return
            for key in [key for key in self.chains if key[: len(gone)] == gone]:
                del self.chains[key]
            return
        words = words[1:] if verb in {"add", "insert", "create"} else words
        if words[:1] != ["rule"]:
            return
        place = _named(words[1:4] if words[1:2] and words[1] in _FAMILIES else words[1:3])
        if len(place) == 3:
            rest = words[4:] if words[1] in _FAMILIES else words[3:]
            self._add((place[0], place[1], place[2]), rest, first, is_first=verb == "insert")

    def _add(self, key: Key, words: list[str], first: NftWord, *, is_first: bool = False) -> None:
        if words[0:1] and words[0] in {"type", "policy", "devices", "flags"}:
            # Of a base chain.
            if words[-2:] == ["policy", "drop"]:
                self.policies[key] = ScriptRule(tuple(words), first.path, first.line)
            return
        if words[:1] == ["comment"] and len(words) == 2:
            return  # the chain's own
        rules = self.chains.setdefault(key, [])
        rule = ScriptRule(tuple(words), first.path, first.line)
        rules.insert(0 if is_first else len(rules), rule)


def _named(words: list[str]) -> tuple[str, ...]:
    """Return family, table and optional chain of a command; the default family is ip."""
    return tuple(words) if words and words[0] in _FAMILIES else ("ip", *words)

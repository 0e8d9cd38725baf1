"""Reads rules of DOCKER-USER from nft files: nftables.conf with all its includes, and the files beside it."""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from doctor.facts.firewall.files import SavedRules
from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.firewall.user_chain import CHAIN, led_to
from doctor.formats.firewall import iptables_save
from doctor.formats.firewall.nft_script import Key, ScriptRule, rules_of
from doctor.formats.firewall.nft_words import as_iptables
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join, parent

ROOTS = (HostPath("/etc/nftables.conf"), HostPath("/etc/sysconfig/nftables.conf"), HostPath("/etc/nftables.nft"))
"""The nftables service loads the first existing one."""
_BESIDE = (HostPath("/etc/nftables.d"), HostPath("/etc/nftables"))
_MOST_FILES, _MOST_BYTES = 256, 4 << 20
_INCLUDE = re.compile(r'\binclude[ \t]+"([^"\n]+)"')
_WILD = frozenset("*?[")
_TABLE = "filter"
_FAMILIES = {4: "ip", 6: "ip6"}


def user_rules(host: Host, is_enabled: Callable[[], bool]) -> Iterator[SavedRules]:
    """Yield the rules of DOCKER-USER by family in the service's file, and in each file beside it that is not included."""
    reader = IncludeReader(host)
    loaded = next((path for path in ROOTS if host.exists(path)), None)
    others = [path for top in _BESIDE for path in reader.named(f"{top}/*") if path.endswith((".nft", ".conf"))]
    for path in (*(() if loaded is None else (loaded,)), *others):
        if path not in reader.seen:
            yield from _of(path, reader, is_enabled if path == loaded else lambda: False)


def _of(path: HostPath, reader: "IncludeReader", is_loaded: Callable[[], bool]) -> Iterator[SavedRules]:
    if not reader.names_chain(path):
        return
    try:
        rules = rules_of(path, reader.text(path), reader.include)
    except (HostError, FormatError):
        return  # nft does not load it either
    for version, family in _FAMILIES.items():
        own = rules.get((family, _TABLE, CHAIN))
        if own:
            chains = _chains(rules, family, version)
            yield SavedRules(
                path=HostPath(own[0].path),
                service="nftables",
                is_loaded=is_loaded(),
                version=version,
                user_chains=chains,
                user_words=() if chains else tuple(" ".join(rule.words) for rule in own),
            )


def _chains(rules: dict[Key, list[ScriptRule]], family: str, version: int) -> dict[str, tuple[str, ...]]:
    """Return DOCKER-USER and the chains it jumps to in iptables syntax, nothing if one of the rules can't be expressed."""
    names: list[str] = []
    texts: list[str] = []
    unknown: set[str] = set()
    for (its_family, table, chain), found in rules.items():
        if (its_family, table) == (family, _TABLE):
            names.append(f":{chain} - [0:0]")
            for rule in found:
                translated = as_iptables(chain, rule.words, version)
                texts += translated or ()
                unknown |= set() if translated else {chain}
    try:
        saved = iptables_save.parse("\n".join((f"*{_TABLE}", *names, *texts, "COMMIT", "")))
    except FormatError:
        return {}
    led = led_to(Saved.of(("iptables-save",), saved))
    return {} if unknown & led.keys() else led


class IncludeReader:
    """Reads files and their includes; limits end loops and endless includes."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.seen: dict[str, str] = {}
        self.files, self.bytes = _MOST_FILES, _MOST_BYTES

    def text(self, path: str) -> str:
        """Return a file's text, read once. Raises ``HostError``."""
        if path not in self.seen:
            data = self.host.read(HostPath(path), limit_bytes=_MOST_BYTES)
            self.seen[path] = data.decode("utf-8", "surrogateescape")
        return self.seen[path]

    def names_chain(self, path: str) -> bool:
        """Whether a file, or an included one, names the chain: otherwise it need not be parsed."""
        todo, known = [path], {path}
        while todo:
            try:
                text = self.text(todo.pop())
            except HostError:
                continue
            if CHAIN in text:
                self.files, self.bytes = _MOST_FILES, _MOST_BYTES
                return True
            for pattern in _INCLUDE.findall(text):
                new = [name for name in self.named(pattern) if name not in known]
                known.update(new)
                todo += new
            if len(known) > _MOST_FILES:
                break
        return False

    def include(self, pattern: str) -> Iterator[tuple[str, str]]:
        """Yield the files of an include. Raises ``HostError``, and ``FormatError`` for too many."""
        for path in self.named(pattern):
            text = self.text(path)
            self.files -= 1
            self.bytes -= len(text)
            if self.files < 0 or self.bytes < 0:
                raise FormatError("too many includes", where=path)
            yield path, text

    def named(self, pattern: str) -> list[HostPath]:
        """Return the paths of an include's pattern: one, or those in a directory, sorted by name."""
        path = HostPath(pattern) if pattern.startswith("/") else join(HostPath("/etc"), pattern)
        top, name = parent(path), path.rpartition("/")[2]
        if not _WILD.intersection(pattern):
            return [path]
        try:
            names = sorted(self.host.listdir(top))
        except HostError:
            return []
        return [join(top, one) for one in names if fnmatchcase(one, name) and not one.startswith(".")][
            : _MOST_FILES + 1
        ]

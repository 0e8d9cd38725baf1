"""Plans small changes to a saved rule set: positions of rules, the lines that apply and undo them, and the result."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from doctor.formats.firewall.iptables_save import Ruleset

_BUILT_IN = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}


_UNMATCHED = (" -m connlimit ", " -m recent ")
"""Matches that iptables does not find by the text that it prints of them: such a rule is deleted by its number."""
UNLESS = "# unless "
"""Begins a group of an undo that has no effect while the rule after it is there."""


class WantedRule(Struct, frozen=True):
    """A rule in the layout of a chain.

    Attributes:
        text: "-A CHAIN …", as iptables-save spells it.
        block: rules with the same block are adjacent; "" for none.
        head: whether it goes to the top of a chain without other rules of the layout.
        present: the current spelling in the chain, if it differs from ``text``.
    """

    text: str
    block: str = ""
    head: bool = False
    present: str = ""


class ChainEdit(Struct, frozen=True, kw_only=True):
    """Changes to one chain.

    Attributes:
        chain: its name; it is created if missing.
        layout: rules in the required order, including the missing ones.
        add: texts of the layout to add.
        lift: texts, in order, to move above the first rule equal to ``above``.
        above: the rule that must no longer come first.
        top: position of top rules among foreign rules: directly above this one, at the end for "", at the very top for
            ``None``.
        remove: texts to remove, first occurrence each.
    """

    chain: str
    layout: tuple[WantedRule, ...] = ()
    add: tuple[str, ...] = ()
    lift: tuple[str, ...] = ()
    above: str = ""
    top: str | None = None
    remove: tuple[str, ...] = ()


class Edited(Struct, kw_only=True):
    """A chain after an edit, with the lines to apply and to undo it.

    Attributes:
        rules: the texts after it.
        lines: input of iptables-restore, in order.
        undo: groups of lines, in order; each group goes into one restore, so that it is atomic.
        numbered: (number, text) of the rules that are deleted by their number, counted from 1.
    """

    chain: str
    rules: list[str]
    lines: list[str] = []
    undo: list[list[str]] = []
    numbered: list[tuple[int, str]] = []

    def insert(self, position: int, text: str) -> None:
        """Insert a rule before the one at ``position``, counted from 0."""
        spec = _spec(text, self.chain)
        at_end = position >= len(self.rules)
        self.lines.append(f"-A {self.chain} {spec}" if at_end else f"-I {self.chain} {position + 1} {spec}")
        self.rules.insert(position, text)
        self.undo.insert(0, [f"-D {self.chain} {spec}"])

    def remove(self, text: str) -> None:
        """Remove the first rule with this text."""
        position = self.rules.index(text)
        spec = _spec(text, self.chain)
        del self.rules[position]
        if any(match in text for match in _UNMATCHED):
            self.numbered.append((position + 1, text))
            self.lines.append(f"-D {self.chain} {position + 1}")
            self.undo.insert(0, [f"{UNLESS}{text}", f"-I {self.chain} {position + 1} {spec}"])
            return
        self.lines.append(f"-D {self.chain} {spec}")
        # If the removal never happened, the first line keeps the second from duplicating the rule.
        self.undo[:0] = [[f"-D {self.chain} {spec}"], [f"-I {self.chain} {position + 1} {spec}"]]

    def move(self, text: str, position: int) -> None:
        """Move the first rule with this text up to before the one at ``position``."""
        old = self.rules.index(text)
        spec = _spec(text, self.chain)
        self.lines += [f"-D {self.chain} {spec}", f"-I {self.chain} {position + 1} {spec}"]
        del self.rules[old]
        self.rules.insert(position, text)
        self.undo.insert(0, [f"-D {self.chain} {spec}", f"-I {self.chain} {old + 1} {spec}"])


def edit(rules: Iterable[str], change: ChainEdit) -> Edited:
    """Return a chain after a change; idempotent for rules that are already present, removed or in place."""
    done = Edited(chain=change.chain, rules=list(rules))
    for text in change.remove:
        if text in done.rules:
            done.remove(text)
    if change.above in done.rules:
        for text in change.lift:
            target = done.rules.index(change.above)
            if text in done.rules[target:]:
                done.move(text, target)
    places = _Places(change.layout, change.top)
    present = set(done.rules)
    for text in change.add:
        if text not in present:
            present.add(text)
            done.insert(places.of(done.rules, text), text)
    return done


def place(rules: Sequence[str], layout: Sequence[WantedRule], text: str) -> int:
    """Return the position of a rule of the layout among the present rules, counted from 0.

    Next to its own block if part of it is present; else after the nearest earlier rule of the layout, or before the
    nearest later one; else at the top or the end.

    >>> place(["-A F -j A", "-A F -j foreign", "-A F -j C"], [WantedRule("-A F -j A"), WantedRule("-A F -j B")], "-A F -j B")
    1
    """
    return _Places(layout).of(rules, text)


class _Places:
    """Finds places for many rules of one layout: thousands may be missing at once."""

    def __init__(self, layout: Sequence[WantedRule], top: str | None = None) -> None:
        self.layout = layout
        self.top = top
        self.index = {wanted.text: number for number, wanted in enumerate(layout)}
        self.positions: dict[str, int] = {}
        self.known = 0

    def of(self, rules: Sequence[str], text: str) -> int:
        """See ``place``; between two calls at most one rule is added."""
        self._learn(rules)
        index = self.index[text]
        mine = self.layout[index]
        before, after = range(index - 1, -1, -1), range(index + 1, len(self.layout))
        for numbers, beyond in ((before, 1), (after, 0)):
            for number in numbers:
                if not mine.block or self.layout[number].block != mine.block:
                    break
                found = self._position(number)
                if found is not None:
                    return found + beyond
        for numbers, beyond in ((before, 1), (after, 0)):
            for number in numbers:
                found = self._position(number)
                if found is not None:
                    return found + beyond
        return self._top(rules) if mine.head else len(rules)

    def _top(self, rules: Sequence[str]) -> int:
        if self.top is None:
            return 0
        return rules.index(self.top) if self.top in rules else len(rules)

    def _position(self, number: int) -> int | None:
        wanted = self.layout[number]
        found = self.positions.get(wanted.text)
        return self.positions.get(wanted.present) if found is None else found

    def _learn(self, rules: Sequence[str]) -> None:
        """Update for the present rules; a rule appended at the end, as most are after a flush, moves no other."""
        if len(rules) == self.known + 1 and (not self.known or self.positions.get(rules[-2]) == self.known - 1):
            self.positions.setdefault(rules[-1], self.known)
        elif len(rules) != self.known:
            self.positions = {rule: number for number, rule in reversed(list(enumerate(rules)))}
        self.known = len(rules)


def saved_after(
    ruleset: Ruleset, table: str, chains: Sequence[Edited], policies: Mapping[str, str] | None = None
) -> str:
    """Return the output of the save command with these chains and policies changed; counters are kept."""
    changed = {edited.chain: edited for edited in chains}
    known = {chain.name for chain in ruleset.chains if chain.table == table}
    made = [f":{name} - [0:0]" for name in changed if name not in known and name not in _BUILT_IN.get(table, ())]
    rules = [text for edited in chains for text in edited.rules]
    if not known:
        built_in = [_with_policy(f":{name} ACCEPT [0:0]", policies or {}) for name in _BUILT_IN.get(table, ())]
        return "\n".join((*ruleset.lines[:-1], f"*{table}", *built_in, *made, *rules, "COMMIT", ""))
    missing = [
        _with_policy(f":{name} ACCEPT [0:0]", policies or {})
        for name in dict.fromkeys((*changed, *(policies or {})))
        if name in _BUILT_IN.get(table, ()) and name not in known
    ]
    kept: list[str] = []
    here = ""
    for line in ruleset.lines:
        if line.startswith("*"):
            here = line[1:].strip()
            kept.append(line)
            if here == table:
                kept += [*missing, *made]
        elif here == table and line.strip() == "COMMIT":
            kept += [*rules, line]
            here = ""
        elif here != table or _chain_of(line) not in changed:
            kept.append(_with_policy(line, policies or {}) if here == table else line)
    return "\n".join(kept)


def _with_policy(line: str, policies: Mapping[str, str]) -> str:
    name = line[1:].split(" ", 1)[0] if line.startswith(":") else ""
    return f":{name} {policies[name]} [0:0]" if name in policies else line


def _chain_of(line: str) -> str:
    """Return the chain of a rule's line, "" for any other line; it may start with counters."""
    words = line.split(None, 3)
    if words and words[0].startswith("[") and len(words) > 2:
        words = words[1:]
    return words[1] if len(words) > 1 and words[0] == "-A" else ""


def _spec(text: str, chain: str) -> str:
    return text.removeprefix(f"-A {chain} ")

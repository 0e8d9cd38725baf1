"""Changes of firewall rules, one table at a time; all other rules are kept byte for byte."""

from collections.abc import Iterable, Iterator, Mapping

from doctor.api.actions.base import WordedIntention
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import EditFile
from doctor.api.actions.firewall.made_chains import BUILT_IN, Asks, asking
from doctor.api.actions.firewall.made_chains import made as made_chains
from doctor.facts.firewall.cuts import Lift
from doctor.facts.firewall.expected_rules import ExpectedRule
from doctor.facts.firewall.guard import Guard
from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.firewall.rules import FamilyRules
from doctor.facts.firewall.user_chain import CHAIN, UserRules
from doctor.formats.firewall import iptables_save
from doctor.formats.firewall.iptables_edit import UNLESS, ChainEdit, Edited, WantedRule, edit, saved_after
from doctor.formats.firewall.iptables_strip import without_engine_lines
from doctor.model.action import Stage
from doctor.model.finding import Evidence, Subject
from doctor.model.paths import HostPath
from doctor.model.step import Answer, Run, Step
from doctor.model.text import plural
from doctor.model.view import View

_UNDO_GROUPS = 100
"""Approximate limit of commands that undo a change: each costs some milliseconds."""


_BY_NUMBER = """
[ "$("$1" -t "$2" | grep -e "^-A $4 " | sed -n "$5p")" = "$6" ] || { echo "rule $5 of $4 is another one by now" >&2; exit 1; }
exec "$3" --noflush -w 5
"""
_UNLESS = """
"$1" -t "$2" | grep -qxF -e "$4" || exec "$3" --noflush -w 5
"""


class EditFirewall(WordedIntention, frozen=True, kw_only=True):
    """Add, move or remove rules of one table with one ``iptables-restore --noflush``, which is atomic.

    Positions are determined when the action is applied, in the rules at that time, so that several actions can be combined.

    Attributes:
        save: the command that prints the rules; it must be that of the collector.
        restore: the command that loads lines.
        table: ``filter``, ``nat`` or ``raw``.
        edits: one per chain.
        policies: built-in chains and their new policy; used only by the fixer of stale rules in another backend.
        what: imperative summary.
        passes: rules of others that the engine's traffic bypasses, as named in the summary.
        opens: accepts that are restored, as named in the summary.
    """

    save: tuple[str, ...]
    restore: str
    table: str
    edits: tuple[ChainEdit, ...] = ()
    policies: tuple[tuple[str, str], ...] = ()
    passes: tuple[Guard, ...] = ()
    opens: tuple[str, ...] = ()
    stage: Stage = Stage.FIREWALL

    def steps(self, view: View) -> Iterator[Step]:
        """Yield one restore, with its reversal and the predicted output of the save command; nothing if all rules are as wanted."""
        view = asking(view)
        yield from self.commands(view)

    def commands(self, view: Asks) -> Iterator[Run]:
        """Yield them for the namespace in which ``view`` runs commands."""
        ruleset = iptables_save.parse(view.run(self.save).text)
        made: list[str] = []
        edited: list[Edited] = []
        for change in self.edits:
            # A built-in chain can't be created, and exists as soon as its table is used.
            if ruleset.chain(self.table, change.chain) is None and change.chain.upper() not in BUILT_IN:
                made.append(change.chain)
            done = edit((rule.text for rule in ruleset.of(self.table, change.chain)), change)
            if done.lines or change.chain in made:
                edited.append(done)
        policies: dict[str, tuple[str, str]] = {}
        for chain, policy in self.policies:
            # An unused built-in chain has the policy ACCEPT.
            found = ruleset.chain(self.table, chain)
            old = (found.policy if found is not None else None) or "ACCEPT"
            if old != policy:
                policies[chain] = (old, policy)
        if not edited and not policies:
            return
        plain = (self.restore, "--noflush", "-w", "5")
        lines = [f":{chain} {new} [0:0]" for chain, (_, new) in policies.items()]
        lines += [*(f"-N {chain}" for chain in made), *(line for done in edited for line in done.lines)]
        undo = [group for done in reversed(edited) for group in done.undo]
        groups = [*_bundled(undo), *([f"-X {chain}"] for chain in reversed(made))]
        groups += [[f":{chain} {old} [0:0]"] for chain, (old, _) in policies.items()]
        after = saved_after(ruleset, self.table, edited, {chain: new for chain, (_, new) in policies.items()})
        new = made_chains(view, self.restore, self.table, (*(change.chain for change in self.edits), *policies))
        numbered = [(done.chain, *one) for done in edited for one in done.numbered][:1]
        yield Run(
            argv=self._by_number(*numbered[0]) if numbered else plain,
            stdin=self._document(lines),
            undo=(*(self._undoing(group, plain) for group in groups), *((new.remove,) if new else ())),
            undo_stdin=tuple(self._document(group) for group in groups),
            predicts=(
                Answer(ask=self.save, stdout=after.encode("utf-8", "surrogateescape")),
                *((new.after,) if new else ()),
            ),
        )

    def _by_number(self, chain: str, number: int, text: str) -> tuple[str, ...]:
        return ("sh", "-c", _BY_NUMBER, "sh", self.save[0], self.table, self.restore, chain, str(number), text)

    def _undoing(self, group: list[str], plain: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command that takes a group of lines: one that restores a rule only if it is gone, where that must be asked."""
        if not group[0].startswith(UNLESS):
            return plain
        return ("sh", "-c", _UNLESS, "sh", self.save[0], self.table, self.restore, group[0].removeprefix(UNLESS))

    def _document(self, lines: list[str]) -> bytes:
        return ("\n".join((f"*{self.table}", *lines, "COMMIT")) + "\n").encode("utf-8", "surrogateescape")


def _bundled(groups: list[list[str]]) -> list[list[str]]:
    """Join groups, so that a large change does not need a thousand commands. If one rule is missing, its whole group fails."""
    size = max(1, len(groups) // _UNDO_GROUPS)
    return [[line for group in groups[start : start + size] for line in group] for start in range(0, len(groups), size)]


def add_rules(family: FamilyRules, rules: Iterable[ExpectedRule], what: str) -> Iterator[EditFirewall]:
    """Yield, one table at a time, the addition of missing rules of the engine, each at its position.

    Missing chains are created: those of the rules and those they jump to.
    """
    chains: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        chains.setdefault(rule.key, []).append(rule.text)
        target = (rule.table, rule.spec.rpartition("-j ")[2])
        if target in family.missing_chains:
            chains.setdefault(target, [])
    if family.has_no_network:
        # No rule names them yet: the first network's rules do.
        chains |= {
            key: [] for key in family.missing_chains if key not in chains and key[0] in {table for table, _ in chains}
        }
    for table in dict.fromkeys(table for table, _ in chains):
        edits = tuple(
            ChainEdit(
                chain=chain,
                layout=_layout(family, (table, chain)),
                add=tuple(texts),
                top=family.top if (table, chain) == ("filter", "FORWARD") else None,
            )
            for (of, chain), texts in chains.items()
            if of == table
        )
        count = sum(len(change.add) for change in edits)
        passes = family.last_words if any((table, change.chain) == ("filter", "FORWARD") for change in edits) else ()
        above = "".join(f", above '{rule.text.removeprefix('-A FORWARD ')}'" for rule in passes)
        yield EditFirewall(
            save=family.saved.save,
            restore=family.saved.restore,
            table=table,
            edits=edits,
            what=f"add {plural(count, f'missing {family.word} rule')} to the {table} table{above}: {what}",
            passes=tuple(Guard(table="filter", chain="FORWARD", text=rule.text) for rule in passes),
        )


def purpose(subject: Subject) -> str:
    """Return the subject of a finding as the end of a summary: "network app", "chain nat PREROUTING"."""
    return f"{'chain' if subject.kind == 'firewall' else subject.kind} {subject.name}"


def lift_rules(family: FamilyRules, lift: Lift) -> Iterator[EditFirewall | Choose]:
    """Yield the move of engine rules above another rule of their chain, in one transaction without a gap.

    It is a question if the other rule looks intentional: only its owner may decide to bypass it.
    """
    moves = tuple(_moves(family, lift))
    if moves and lift.is_wish:
        rule = lift.above.removeprefix(f"-A {lift.chain} ")
        yield Choose(
            question=f"whether to move Docker's rules above '{rule}' in {lift.table} {lift.chain}, which then no longer applies to"
            " published ports",
            options=(
                Choosable(name="above", evidence=(Evidence("the rule names traffic", lift.above),), actions=moves),
            ),
        )
        return
    yield from moves


def _moves(family: FamilyRules, lift: Lift) -> Iterator[EditFirewall]:
    count = len(lift.rules)
    if count:
        yield EditFirewall(
            passes=(Guard(table=lift.table, chain=lift.chain, text=lift.above),) if lift.passes else (),
            save=family.saved.save,
            restore=family.saved.restore,
            table=lift.table,
            edits=(ChainEdit(chain=lift.chain, lift=lift.rules, above=lift.above),),
            what=f"move {plural(count, 'rule')} of the engine in {lift.table} {lift.chain} above"
            f" '{lift.above.removeprefix(f'-A {lift.chain} ')}'",
        )


def remove_rules(
    saved: Saved,
    rules: Mapping[tuple[str, str], tuple[str, ...]],
    why: str,
    policies: tuple[tuple[str, str], ...] = (),
    of: str = "the engine",
) -> Iterator[EditFirewall]:
    """Yield the removal of rules by (table, chain); ``of`` names their owner, ``policies`` are those of the filter table."""
    tables = dict.fromkeys([*(table for table, _ in rules), *(("filter",) if policies else ())])
    for table in tables:
        edits = tuple(ChainEdit(chain=chain, remove=texts) for (of, chain), texts in rules.items() if of == table)
        count = sum(len(change.remove) for change in edits)
        set_policies = policies if table == "filter" else ()
        parts = [f"remove {plural(count, 'rule')} of {of} from the {table} table"] if count else []
        parts += [f"set the policy of {chain} to {policy}" for chain, policy in set_policies]
        yield EditFirewall(
            save=saved.save,
            restore=saved.restore,
            table=table,
            edits=edits,
            policies=set_policies,
            what=f"{' and '.join(parts)} ({saved.save[0]}): {why}",
        )


def restore_user_rules(family: FamilyRules, known: UserRules) -> Iterator[EditFirewall]:
    """Yield the restore of the rules of DOCKER-USER, and of missing chains that they jump to."""
    edits = [
        ChainEdit(chain=chain, layout=tuple(map(WantedRule, rules)), add=rules)
        for chain, rules in known.chains.items()
        if chain != CHAIN and not family.saved.rules("filter", chain)
    ]
    end = tuple(WantedRule(rule.text) for rule in family.expected.chains.get(("filter", CHAIN), ()))
    edits.append(ChainEdit(chain=CHAIN, layout=(*map(WantedRule, known.own), *end), add=known.own))
    count = len(known.own)
    if count:
        when = f", {known.age}" if known.age else ""
        yield EditFirewall(
            save=family.saved.save,
            restore=family.saved.restore,
            table="filter",
            edits=tuple(edits),
            what=f"restore {plural(count, 'rule')} of {CHAIN} from {known.place}{when}",
            opens=known.accepts,
        )


def set_forward_policy(family: FamilyRules, policy: str, why: str) -> EditFirewall:
    """Return the change of the policy of FORWARD, which applies to packets without a matching rule."""
    return EditFirewall(
        save=family.saved.save,
        restore=family.saved.restore,
        table="filter",
        policies=(("FORWARD", policy),),
        what=f"set the {family.word} policy of FORWARD to {policy}: {why}",
    )


def strip_saved_rules(path: HostPath) -> EditFile:
    """Return the edit that removes the engine's own lines from a rule file for the next boot."""
    return EditFile(path=path, edit=without_engine_lines, what=f"remove Docker's own rules from {path}")


def _layout(family: FamilyRules, key: tuple[str, str]) -> tuple[WantedRule, ...]:
    return tuple(
        WantedRule(rule.text, rule.block, rule.head, family.spelling(rule))
        for rule in family.expected.chains.get(key, ())
    )

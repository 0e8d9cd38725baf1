"""Changes of firewall rules, one table at a time: only what is named moves, everything else stays byte for byte."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import EditFile
from doctor.api.actions.made_chains import BUILT_IN, Asks
from doctor.api.actions.made_chains import made as made_chains
from doctor.facts.firewall.cuts import Lift
from doctor.facts.firewall.expected import ExpectedRule
from doctor.facts.firewall.packet_filter import Saved
from doctor.facts.firewall.rules import FamilyRules
from doctor.facts.firewall.user_chain import CHAIN, UserRules
from doctor.facts.firewall.ways import Guard
from doctor.formats.firewall import iptables_save
from doctor.formats.firewall.iptables_edit import ChainEdit, Edited, WantedRule, edit, saved_after
from doctor.formats.firewall.iptables_strip import without_engine_lines
from doctor.model.action import Stage
from doctor.model.finding import Evidence
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath
from doctor.model.severity import Applicability
from doctor.model.step import Answer, Run, Step
from doctor.model.view import View

_UNDO_GROUPS = 100
"""At most about so many commands take a change back: each costs some milliseconds."""


class EditFirewall(Struct, frozen=True, kw_only=True):
    """Add, move or remove rules of one table with one ``iptables-restore --noflush``, which happens whole or not at all.

    Places are found when the action's turn comes, among the rules that are there then; so several of these add up.

    Attributes:
        save: the command that prints the rules; it must be the one the collector runs.
        restore: the command that takes lines.
        table: ``filter``, ``nat`` or ``raw``.
        edits: one a chain.
        policies: built-in chains and the policy they get; nobody but a fixer of another backend's leftovers uses it.
        what: imperative summary.
        passes: rules of others that the engine's traffic no longer meets, as the summary says.
        opens: accepts that are put back, as the summary says.
    """

    save: tuple[str, ...]
    restore: str
    table: str
    edits: tuple[ChainEdit, ...] = ()
    policies: tuple[tuple[str, str], ...] = ()
    what: str
    passes: tuple[Guard, ...] = ()
    opens: tuple[str, ...] = ()
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.FIREWALL
    needs_engine_restart: bool = False

    @property
    def summary(self) -> str:
        """Return what it does."""
        return self.what

    def steps(self, view: View) -> Iterator[Step]:
        """Yield one restore, with its reversal and what the save command prints after it; nothing when all is so."""
        if not isinstance(view, Asks):
            raise HostError(Missing(Why.UNSUPPORTED, "firewall rules need a running host"))
        ruleset = iptables_save.parse(view.run(self.save).text)
        made: list[str] = []
        edited: list[Edited] = []
        for change in self.edits:
            # A built-in chain is no user's to make, and is there as soon as its table is used.
            if ruleset.chain(self.table, change.chain) is None and change.chain.upper() not in BUILT_IN:
                made.append(change.chain)
            done = edit((rule.text for rule in ruleset.of(self.table, change.chain)), change)
            if done.lines or change.chain in made:
                edited.append(done)
        policies: dict[str, tuple[str, str]] = {}
        for chain, policy in self.policies:
            # A built-in chain that nobody used yet accepts.
            found = ruleset.chain(self.table, chain)
            old = (found.policy if found is not None else None) or "ACCEPT"
            if old != policy:
                policies[chain] = (old, policy)
        if not edited and not policies:
            return
        argv = (self.restore, "--noflush", "-w", "5")
        lines = [f":{chain} {new} [0:0]" for chain, (_, new) in policies.items()]
        lines += [*(f"-N {chain}" for chain in made), *(line for done in edited for line in done.lines)]
        undo = [group for done in reversed(edited) for group in done.undo]
        groups = [*_bundled(undo), *([f"-X {chain}"] for chain in reversed(made))]
        groups += [[f":{chain} {old} [0:0]"] for chain, (old, _) in policies.items()]
        after = saved_after(ruleset, self.table, edited, {chain: new for chain, (_, new) in policies.items()})
        new = made_chains(view, self.restore, self.table, (*(change.chain for change in self.edits), *policies))
        yield Run(
            argv=argv,
            stdin=self._document(lines),
            undo=(*(argv for _ in groups), *((new.remove,) if new else ())),
            undo_stdin=tuple(self._document(group) for group in groups),
            predicts=(
                Answer(ask=self.save, stdout=after.encode("utf-8", "surrogateescape")),
                *((new.after,) if new else ()),
            ),
        )

    def _document(self, lines: list[str]) -> bytes:
        return ("\n".join((f"*{self.table}", *lines, "COMMIT")) + "\n").encode("utf-8", "surrogateescape")


def _bundled(groups: list[list[str]]) -> list[list[str]]:
    """Join groups so that a large change needs no thousand commands: a rule gone meanwhile then keeps its bundle's others."""
    size = max(1, len(groups) // _UNDO_GROUPS)
    return [[line for group in groups[start : start + size] for line in group] for start in range(0, len(groups), size)]


def add_rules(family: FamilyRules, rules: Iterable[ExpectedRule], what: str) -> Iterator[EditFirewall]:
    """Yield, a table at a time, the addition of rules that the engine should have made, each in its place.

    Chains that do not exist are made: those the rules stand in and those they jump to.
    """
    chains: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        chains.setdefault(rule.key, []).append(rule.text)
        target = (rule.table, rule.spec.rpartition("-j ")[2])
        if target in family.missing_chains:
            chains.setdefault(target, [])
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
            what=f"add {count} missing {family.word} rule{'' if count == 1 else 's'} to the {table} table{above}: {what}",
            passes=tuple(Guard(table="filter", chain="FORWARD", text=rule.text) for rule in passes),
        )


def lift_rules(family: FamilyRules, lift: Lift) -> Iterator[EditFirewall | Choose]:
    """Yield the move of engine rules above another rule of their chain, in one transaction: no packet meets a gap.

    It is a question where the other rule looks meant: nobody but its owner may say that it has no force.
    """
    moves = tuple(_moves(family, lift))
    if moves and lift.is_wish:
        rule = lift.above.removeprefix(f"-A {lift.chain} ")
        yield Choose(
            question=f"whether Docker's rules go above '{rule}' in {lift.table} {lift.chain}, which then has no force over"
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
            what=f"move {count} rule{'' if count == 1 else 's'} of the engine in {lift.table} {lift.chain} above"
            f" '{lift.above.removeprefix(f'-A {lift.chain} ')}'",
        )


def remove_rules(
    saved: Saved,
    rules: Mapping[tuple[str, str], tuple[str, ...]],
    why: str,
    policies: tuple[tuple[str, str], ...] = (),
    of: str = "the engine",
) -> Iterator[EditFirewall]:
    """Yield the removal of rules ``of`` somebody, by (table, chain); ``policies`` are those of the filter table."""
    tables = dict.fromkeys([*(table for table, _ in rules), *(("filter",) if policies else ())])
    for table in tables:
        edits = tuple(ChainEdit(chain=chain, remove=texts) for (of, chain), texts in rules.items() if of == table)
        count = sum(len(change.remove) for change in edits)
        set_policies = policies if table == "filter" else ()
        parts = [f"take {count} rule{'' if count == 1 else 's'} of {of} out of the {table} table"] if count else []
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
    """Yield the rules of DOCKER-USER as they were, and the chains they lead to where those are gone."""
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
            what=f"restore {count} rule{'' if count == 1 else 's'} of {CHAIN} from {known.place}{when}",
            opens=known.accepts,
        )


def set_forward_policy(family: FamilyRules, policy: str, why: str) -> EditFirewall:
    """Return the change of what becomes of forwarded packets that no rule decides of."""
    return EditFirewall(
        save=family.saved.save,
        restore=family.saved.restore,
        table="filter",
        policies=(("FORWARD", policy),),
        what=f"set the {family.word} policy of FORWARD to {policy}: {why}",
    )


def strip_saved_rules(path: HostPath) -> EditFile:
    """Return the edit that takes the engine's own lines out of a rule file for the next boot."""
    return EditFile(path=path, edit=without_engine_lines, what=f"take Docker's own rules out of {path}")


def _layout(family: FamilyRules, key: tuple[str, str]) -> tuple[WantedRule, ...]:
    return tuple(
        WantedRule(rule.text, rule.block, rule.head, family.spelling(rule))
        for rule in family.expected.chains.get(key, ())
    )

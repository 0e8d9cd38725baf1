"""Edits of rule sets: places, restores, and reversals that give back every rule."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.formats.firewall import iptables_save
from doctor.formats.firewall.iptables_edit import ChainEdit, Edited, WantedRule, edit, place, saved_after
from doctor.formats.firewall.iptables_strip import engine_lines, without_engine_lines
from doctor.model.severity import Applicability, Severity
from doctor.plugins.load import load
from doctor.repair.planning.plan import make_plan
from doctor.scan.run import scan
from tests.cases.case import find
from tests.clocks import within

OWN = tuple(f"-A C -i br{number} -j ACCEPT" for number in range(8))
FOREIGN = tuple(f"-A C -s 203.0.113.{number}/32 -j DROP" for number in range(8))


def restore(rules: list[str], lines: list[str]) -> list[str]:
    """Apply as iptables-restore --noflush does: all lines, or none if one fails."""
    now = list(rules)
    for line in lines:
        verb, _, rest = line.removeprefix("-").partition(" ")
        _, _, rest = rest.partition(" ")
        if verb == "A":
            now.append(f"-A C {rest}")
        elif verb == "I":
            number, _, spec = rest.partition(" ")
            if not 1 <= int(number) <= len(now) + 1:
                return list(rules)
            now.insert(int(number) - 1, f"-A C {spec}")
        else:
            if f"-A C {rest}" not in now:
                return list(rules)
            now.remove(f"-A C {rest}")
    return now


def undo(rules: list[str], done: Edited) -> list[str]:
    for group in done.undo:
        rules = restore(rules, group)
    return rules


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[str], ChainEdit]:
    """A chain with some of our rules missing and others' among them, and an edit of it."""
    present = draw(st.lists(st.sampled_from((*OWN, *FOREIGN)), unique=True))
    missing = [text for text in OWN if text not in present]
    ours = [text for text in present if text in OWN]
    blocks = draw(st.lists(st.sampled_from(["", "a", "b"]), min_size=len(OWN), max_size=len(OWN)))
    layout = tuple(WantedRule(text, block, head=draw(st.booleans())) for text, block in zip(OWN, blocks, strict=True))
    add = tuple(draw(st.lists(st.sampled_from(missing), unique=True))) if missing else ()
    remove = tuple(draw(st.lists(st.sampled_from(ours), unique=True))) if ours else ()
    foreign = [text for text in present if text in FOREIGN]
    above = draw(st.sampled_from(foreign)) if foreign else ""
    lift = tuple(text for text in ours if text not in remove) if above and draw(st.booleans()) else ()
    return present, ChainEdit(chain="C", layout=layout, add=add, remove=remove, lift=lift, above=above)


@given(edits())
def test_the_lines_do_what_was_computed_and_undo_gives_back_every_rule(case: tuple[list[str], ChainEdit]) -> None:
    """The order of what stays is kept, and foreign rules never move against each other."""
    rules, change = case
    done = edit(rules, change)
    assert restore(rules, done.lines) == done.rules
    assert undo(done.rules, done) == rules
    foreign = [text for text in done.rules if text in FOREIGN]
    assert foreign == [text for text in rules if text in FOREIGN]
    assert set(change.add) <= set(done.rules)
    assert not set(change.remove) & set(done.rules)


@given(edits())
def test_a_second_edit_has_nothing_to_do(case: tuple[list[str], ChainEdit]) -> None:
    rules, change = case
    again = edit(edit(rules, change).rules, change)
    assert again.lines == []


@given(edits())
def test_an_undo_without_effect_changes_nothing(case: tuple[list[str], ChainEdit]) -> None:
    """A run killed between its intent and its command is undone too: what was never added must not go missing."""
    rules, change = case
    done = edit(rules, change)
    assert sorted(undo(rules, done)) == sorted(rules)


def test_a_block_keeps_together_where_the_order_is_not_the_computed_one() -> None:
    """After a restart of the engine other networks may stand above: a rule goes next to its own."""
    layout = (
        WantedRule("-A C a1", "a"),
        WantedRule("-A C a2", "a"),
        WantedRule("-A C b1", "b"),
        WantedRule("-A C b2", "b"),
    )
    assert place(["-A C b1", "-A C b2", "-A C a2"], layout, "-A C a1") == 2
    assert place(["-A C b2", "-A C a1", "-A C a2"], layout, "-A C b1") == 0


@pytest.mark.parametrize(("head", "expected"), [(True, 0), (False, 1)])
def test_without_company_a_rule_goes_to_its_end_of_the_chain(head: bool, expected: int) -> None:
    assert place(["-A C foreign"], (WantedRule("-A C own", head=head),), "-A C own") == expected


SAVED = "# by hand\n*filter\n:INPUT ACCEPT [1:2]\n:FORWARD DROP [3:4]\n-A FORWARD -j mine\n:mine - [0:0]\nCOMMIT\n"


def test_the_predicted_output_keeps_what_no_edit_touched() -> None:
    """Other lines stay; a new chain and the changed chain's rules are there; a missing table is created."""
    ruleset = iptables_save.parse(SAVED)
    done = edit(
        ["-A FORWARD -j mine"],
        ChainEdit(chain="FORWARD", layout=(WantedRule("-A FORWARD -j own", head=True),), add=("-A FORWARD -j own",)),
    )
    made = Edited(chain="own", rules=["-A own -j RETURN"])
    after = iptables_save.parse(saved_after(ruleset, "filter", [done, made], {"FORWARD": "ACCEPT"}))
    assert [rule.text for rule in after.of("filter", "FORWARD")] == ["-A FORWARD -j own", "-A FORWARD -j mine"]
    assert [rule.text for rule in after.of("filter", "own")] == ["-A own -j RETURN"]
    assert after.chain("filter", "mine") is not None
    policy = after.chain("filter", "FORWARD")
    assert policy is not None
    assert policy.policy == "ACCEPT"
    nat = Edited(chain="POSTROUTING", rules=["-A POSTROUTING -j MASQUERADE"])
    whole = iptables_save.parse(saved_after(ruleset, "nat", [nat]))
    assert [rule.text for rule in whole.of("nat", "POSTROUTING")] == ["-A POSTROUTING -j MASQUERADE"]
    assert whole.rules[0].text == "-A FORWARD -j mine"
    assert iptables_save.parse(saved_after(iptables_save.parse(""), "nat", [nat])).chain("nat", "OUTPUT") is not None


def test_only_the_engines_lines_leave_a_saved_file() -> None:
    """An administrator's chain and everything else stay byte for byte, odd bytes and line ends too."""
    kept = b"*filter\n:INPUT DROP [0:0]\r\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n-A DOCKER-USER -s 1.2.3.4/32 -j DROP\n"
    kept += b'-A INPUT -m comment --comment "caf\xe9 -j DOCKER" -j ACCEPT\nCOMMIT\n'
    engine = b":DOCKER - [0:0]\n[5:300] -A DOCKER -d 172.17.0.2/32 -j ACCEPT\n-A FORWARD -o docker0 -j DOCKER\n"
    engine += b":DOCKER-ISOLATION-STAGE-1 - [0:0]\n-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n"
    head, _, tail = kept.partition(b"-A FORWARD -j DOCKER-USER\n")
    mixed = head + engine + b"-A FORWARD -j DOCKER-USER\n" + tail
    assert without_engine_lines(mixed) == kept
    assert len(engine_lines(mixed.decode("utf-8", "surrogateescape"))) == 6
    assert without_engine_lines(kept) == kept


def test_thousands_of_missing_rules_are_placed_in_no_time() -> None:
    """A host with a thousand ports was flushed; a plan lowers its actions several times."""
    layout = tuple(WantedRule(f"-A C -d 10.0.0.{number}/32 -j ACCEPT") for number in range(4000))
    add = tuple(wanted.text for wanted in layout)
    done = within(0.5, lambda: edit(["-A C -j foreign"], ChainEdit(chain="C", layout=layout, add=add)))
    assert done.rules == ["-A C -j foreign", *add]
    some = layout[:400]
    odd = edit(add[1:400:2], ChainEdit(chain="C", layout=some, add=add[:400:2]))
    assert odd.rules == list(add[:400])


@pytest.mark.parametrize(
    ("name", "risk"), [("legacy-policy-drop", Applicability.DISRUPTIVE), ("leftovers", Applicability.SAFE)]
)
def test_a_policy_that_may_be_somebodys_is_not_lifted_without_leave(
    name: str, risk: Applicability, tmp_path: Path
) -> None:
    """Docker's own leftovers go as safe; a lone policy DROP of the other backend opens the host's forwarding."""
    host = find(f"firewall/mixed-backends/{name}").build(tmp_path / "host")
    catalog = load()
    plan = make_plan(host, catalog, catalog.choose(("firewall",), ()), allow=Applicability.DISRUPTIVE)
    assert plan.risk is risk


def test_a_rule_of_the_other_backend_that_cuts_only_the_second_network_is_critical(tmp_path: Path) -> None:
    """Every network is walked: a scan that ends with the first calls a host healthy whose other network is cut off."""
    host = find("firewall/mixed-backends/others-rules-one-network").build(tmp_path / "host")
    catalog = load()
    [found] = scan(host, catalog, catalog.choose(("firewall/mixed-backends",), ())).findings
    assert (found.severity, "network app" in found.message) == (Severity.CRITICAL, True)


@pytest.mark.parametrize(
    "match", ["connlimit --connlimit-above 0 --connlimit-mask 32 --connlimit-saddr", "recent --set"]
)
def test_a_rule_that_iptables_does_not_find_by_its_text_goes_by_number(match: str) -> None:
    """An undo adds it at its place, and only if it is gone: a failed removal must not double it."""
    rule = f"-A C -p tcp -m {match} -j DROP"
    done = edit(["-A C -j first", rule, "-A C -j last"], ChainEdit(chain="C", remove=(rule,)))
    assert done.lines == ["-D C 2"]
    assert done.numbered == [(2, rule)]
    assert done.undo == [[f"# unless {rule}", f"-I C 2 -p tcp -m {match} -j DROP"]]

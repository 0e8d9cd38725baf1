"""Every finding that matters has a way out: an action, a question, or an advice with a command to paste."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.model.report import ManualFix
from doctor.model.severity import Applicability, Severity
from doctor.plugins.load import load as load_catalog
from doctor.repair.planning.choose import parse
from doctor.repair.planning.plan import Plan, make_plan
from tests.cases.case import Case, all_cases
from tests.cases.test_cases import plan_for

CATALOG = load_catalog()
# A finding that test_cases.py shows to be resolved needs no advice.
LEFT = [case for case in all_cases() if case.findings and case.fix != "resolved"]

# Names that are no English words, then words that are both and so must be followed by what only a command has.
COMMAND = re.compile(
    r"(?<![\w/-])(?:"
    r"(?:apt-get|apt-mark|dnf|yum|zypper|apk|pacman|dpkg|rpm|systemctl|dockerd|modprobe|sysctl|journalctl|iptables(?:-nft|-legacy)?|nft|apparmor_parser"
    r"|ufw|firewall-cmd|chown|chmod|chattr|mv|cp|sed|findmnt|umount|swapoff|mkfs\.xfs|xfs_info|ls|lsblk|lsattr|du|grep|dmesg|ss"
    r"|ctr|getent|nvidia-ctk|thin_check|thin_repair|xfs_repair|fsck|mkdir|cat|tail|tar|ps|truncate|echo|printf|ulimit|bridge|nmcli|networkctl|netplan|ifup|swanctl) \S"
    r"|docker (?:context use|save|load|run|pull|rmi|rm|ps|inspect|info|images|image|volume|network|restart|start|stop|plugin|swarm|system|service|stats|update|builder|create) \S"
    r"|(?:containerd|runc) --version|mount (?:-|/)|uname -r|kill -|command -v|ip (?:-\w+ |X ?)*(?:route|rule|link|addr|xfrm) \w+|(?:tc|nsenter) (?:-|qdisc|filter)|rm (?:-|/)|'doctor (?:undo|salvage|fix) --|'doctor probe(?: start| --trace .*)?'"
    r")"
)


def silent(plan: Plan) -> list[str]:
    """Findings of severity warning or above for which the plan has neither action nor question nor command."""
    acted = {finding.fingerprint for action in plan.actions for finding in action.findings}
    said: dict[str, ManualFix] = {left.finding.fingerprint: left for left in plan.manual}
    found = []
    for finding in plan.before.findings:
        left = said.get(finding.fingerprint)
        if finding.level < Severity.WARNING or finding.fingerprint in acted or finding.id not in CATALOG.checks:
            continue
        if left is None or (not left.questions and not COMMAND.search(left.advice)):
            found.append(f"{finding.id} {finding.subject.name}: {'' if left is None else left.advice}")
    return found


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in LEFT])
def test_a_finding_has_a_way_out(case: Case, tmp_path: Path) -> None:
    """Never only "see 'doctor explain …'": what a person does at 3 a.m. stands there."""
    plan = plan_for(case, case.build(tmp_path / "host"))
    own = {identity for identity, _, _ in case.findings}
    assert [line for line in silent(plan) if line.split(" ", 1)[0] in own] == []


ASKED = [
    pytest.param(case, id=case.name)
    for case in LEFT
    if case.name.partition("/")[0] in {"config", "engine", "kubernetes", "logging", "security", "storage"}
]


@pytest.mark.parametrize("case", ASKED)
def test_each_answer_resolves_what_was_asked(case: Case, tmp_path: Path) -> None:
    """Each candidate of a question can be planned and resolves the finding, and causes none that stops a start."""
    host = case.build(tmp_path / "host")
    ids = CATALOG.choose(case.select, ())
    own = tuple({identity for identity, _, _ in case.findings})
    first = plan_for(case, host)
    for left in first.manual:
        for asked in left.questions:
            for candidate in asked.candidates:
                if not host.is_live() and any(word in candidate.name for word in ("allow", "writable")):
                    continue  # a mount needs the running host
                choice = parse(f"{left.finding.id}:{left.finding.subject.name}={candidate.name}")
                plan = make_plan(
                    host, CATALOG, ids, wanted=own, allow=Applicability.DESTRUCTIVE, deep=True, choices=(choice,)
                )
                why = [one.why for one in plan.manual if one.finding.fingerprint == left.finding.fingerprint]
                assert left.finding.fingerprint not in {one.fingerprint for one in plan.after.findings}, (
                    choice.text,
                    why,
                )
                known = {one.fingerprint for one in first.before.findings}
                new = [one.message for one in plan.after.findings if one.stops_start and one.fingerprint not in known]
                assert new == [], choice.text


ROOT = Path(__file__).parents[2]
# Advice without its own command: it waits, or the command is filled in.
NO_COMMAND = re.compile(
    r"^leave it until|^X+(?:;|:|,| and| shows| lists|$)|^X?(?:tar|tc) |^free (?:space|inodes) as you see fit: X+$|^X addr add |^remove it from X, or the next boot"
    r"|^if (?:the rule is not wanted|nobody (?:needs|wants) (?:it|the \w+)|you must save or push them): X"
)


def advice() -> Iterator[tuple[str, str]]:
    """Each text of an advice, as (place, text), with X for what is filled in."""
    for path in sorted([*(ROOT / "fixers").rglob("*.py"), *(ROOT / "doctor/api/actions").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Advise":
                continue
            text = node.keywords[0].value
            if isinstance(text, ast.JoinedStr):
                yield (
                    path.name,
                    "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in text.values),
                )
            elif isinstance(text, ast.Constant):
                yield path.name, str(text.value)


def test_no_advice_is_without_a_command() -> None:
    """Also on the branches of a fixer that no case takes."""
    found = list(advice())
    assert len(found) > 100
    assert [f"{name}: {text}" for name, text in found if not COMMAND.search(text) and not NO_COMMAND.search(text)] == []


def test_prose_is_no_command() -> None:
    assert COMMAND.search("mount the disk and start the engine, see 'doctor explain config/file-missing'") is None
    assert COMMAND.search("put the file back, or take the flag out") is None
    assert COMMAND.search("systemctl restart docker")
    assert COMMAND.search("run 'apt-get install iptables'")

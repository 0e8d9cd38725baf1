"""A check declares what its findings carry, its fixer asks for that and for nothing else."""

import ast
import sys
from pathlib import Path

import pytest

from doctor.host.recorded import RootHost
from doctor.model.errors import UsageError
from doctor.model.outcome import Outcome, Result
from doctor.model.severity import Applicability
from doctor.plugins.catalog import Catalog
from doctor.plugins.load import load
from doctor.repair.planning.plan import make_plan
from doctor.scan.run import Scan, scan
from tests.one_file import source_of

ROOT = Path(__file__).parents[3]
OURS = load()
ID = "acme:area/problem"
KINDS = """
from msgspec import Struct

class Left(Struct, frozen=True):
    name: str

class Right(Struct, frozen=True):
    name: str
"""
CHECK = """
from collections.abc import Iterator
from doctor.api import Finding, Severity, Subject, check
from {package}.kinds import Left, Right

@check(severity=Severity.WARNING{declared})
def problem() -> Iterator[Finding]:
    '''A problem.'''
    yield Finding(subject=Subject("thing", "one"), message="it is wrong"{given})
"""
FIXER = """
from collections.abc import Iterator
from doctor.api import Action, Applicability, Finding, fixer
from doctor.api.actions.files import WriteFile
from doctor.model.paths import HostPath
from {package}.kinds import Left, Right

@fixer(applicability=Applicability.SAFE)
def problem({parameters}) -> Iterator[Action]:
    '''Write it.'''
    yield WriteFile(path=HostPath("/etc/one"), content=b"", what={what})
"""


class Plugin:
    """A plugin with one check and one fixer, on the path."""

    def __init__(self, top: Path, package: str) -> None:
        self.package = package
        self.top = top / package
        for room in ("", "checks", "checks/area", "fixers", "fixers/area"):
            (self.top / room).mkdir()
            (self.top / room / "__init__.py").touch()
        (self.top / "kinds.py").write_text(KINDS)
        self.check = self.top / "checks/area/problem.py"
        self.fixer = self.top / "fixers/area/problem.py"

    def write(self, declared: str, given: str, parameters: str = "", what: str = "'write'") -> Catalog:
        """Write both files; ``declared`` and ``given`` are the detail's type and value, "" for none."""
        declared = f", detail={declared}" if declared else ""
        given = f", detail={given}" if given else ""
        self.check.write_text(CHECK.format(package=self.package, declared=declared, given=given))
        self.fixer.write_text(FIXER.format(package=self.package, parameters=parameters, what=what))
        catalog = Catalog()
        catalog.add("checks", f"{self.package}.checks", "acme")
        catalog.add("fixers", f"{self.package}.fixers", "acme")
        return catalog

    def scan(self, declared: str, given: str, parameters: str = "", what: str = "'write'") -> Scan:
        """Write both files and scan an empty host with them."""
        return scan(RootHost(str(self.top)), self.write(declared, given, parameters, what), (ID,))


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    monkeypatch.syspath_prepend(str(tmp_path))
    package = "acme_details"
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    return Plugin(tmp_path, package)


@pytest.mark.parametrize(
    ("declared", "asked"),
    [
        ("Right", "Left"),
        ("", "Left"),
        ("Left | None", "Left"),
        ("Left", "Left | None"),
        ("Left | Right", "Left"),
        ("Left", "Left | Right"),
        ("Left", "str"),
        ("Left", "'Left'"),
    ],
)
def test_a_fixer_that_asks_for_another_detail_is_refused(plugin: Plugin, declared: str, asked: str) -> None:
    """At loading, whatever a finding carries; the message names both files and both types."""
    catalog = plugin.write(declared, "", f"detail: {asked}")
    with pytest.raises(UsageError) as refused:
        catalog.fixer(ID)
    text = str(refused.value)
    assert str(plugin.fixer) in text
    assert str(plugin.check) in text
    assert f"declares {declared or 'None'}" in text.replace(f"{plugin.package}.kinds.", "")


@pytest.mark.parametrize(
    ("declared", "asked"),
    [("Left", "Left"), ("Left | Right", "Right | Left"), ("Left | None", "None | Left"), ("", "None")],
)
def test_the_same_types_are_loaded(plugin: Plugin, declared: str, asked: str) -> None:
    """In whatever order a union has them."""
    assert plugin.write(declared, "", f"detail: {asked}").fixer(ID) is not None


def test_a_fixer_may_leave_the_detail_alone(plugin: Plugin) -> None:
    """It takes what it needs."""
    assert plugin.scan("Left", "Left(name='x')", "finding: Finding").findings[0].fix is not None


@pytest.mark.parametrize("parameters", ["finding: Finding, detail: Left", "detail: Left, finding: Finding"])
def test_a_fixer_gets_what_its_parameters_name(plugin: Plugin, parameters: str) -> None:
    """The finding and its detail, in any order."""
    what = "f'{finding.subject.name} of {detail.name}'"
    fix = plugin.scan("Left", "Left(name='x')", parameters, what).findings[0].fix
    assert fix is not None
    assert fix.summary == "one of x"


def test_a_refused_fixer_hides_no_finding(plugin: Plugin) -> None:
    """The scan shows the finding and why nothing repairs it; so does the plan, which continues with the rest."""
    found = plugin.scan("Left", "Left(name='x')", "detail: Right")
    fix = found.findings[0].fix
    assert fix is not None
    assert fix.applicability is Applicability.MANUAL
    assert fix.summary.startswith("its fixer failed: ")
    assert str(plugin.check) in fix.summary
    catalog = plugin.write("Left", "Left(name='x')", "detail: Right")
    plan = make_plan(RootHost(str(plugin.top)), catalog, (ID,))
    assert plan.actions == ()
    assert str(plugin.check) in plan.manual[0].advice


def test_a_fixer_that_crashes_ends_no_plan(plugin: Plugin) -> None:
    """The finding is left to the user with the fixer's error, in the plan as in the scan."""
    what = "detail.name[99]"
    fix = plugin.scan("Left", "Left(name='x')", "detail: Left", what).findings[0].fix
    assert fix is not None
    assert "IndexError" in fix.summary
    catalog = plugin.write("Left", "Left(name='x')", "detail: Left", what)
    plan = make_plan(RootHost(str(plugin.top)), catalog, (ID,))
    assert plan.actions == ()
    assert "IndexError" in plan.manual[0].advice


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ("Right", "Left(name='x')"),
        ("", "Left(name='x')"),
        ("Left", ""),
        ("Left | None", "Right(name='x')"),
        ("Left | Right", ""),
    ],
)
def test_a_finding_with_another_detail_is_an_error_of_its_check(plugin: Plugin, declared: str, given: str) -> None:
    """No finding of it comes through, and the scan is incomplete: an author's mistake is never a pass."""
    found = plugin.scan(declared, given)
    assert found.findings == ()
    assert found.outcomes[0].result is Result.ERROR
    assert found.outcomes[0].incomplete
    reason = found.outcomes[0].reason.replace(f"{plugin.package}.kinds.", "")
    assert f"its check declares {declared or 'None'}" in reason
    assert f"the detail of a finding is {given.partition('(')[0] or 'None'}" in reason
    assert str(plugin.check) in reason


@pytest.mark.parametrize(
    ("declared", "given"),
    [
        ("", ""),
        ("Left", "Left(name='x')"),
        ("Left | None", ""),
        ("Left | None", "Left(name='x')"),
        ("Left | Right", "Right(name='x')"),
    ],
)
def test_a_finding_with_its_detail_comes_through(plugin: Plugin, declared: str, given: str) -> None:
    """One type, none, or one of a union."""
    found = plugin.scan(declared, given)
    assert [one.id for one in found.findings] == [ID]
    assert found.outcomes[0] == Outcome(id=ID, result=Result.FAIL, seconds=found.outcomes[0].seconds)


@pytest.mark.parametrize("identity", sorted(OURS.fixers))
def test_a_fixer_of_doctors_agrees_with_its_check(identity: str) -> None:
    """And reads no detail past its parameter, where neither loading nor a type checker would see a mistake."""
    fixer = OURS.fixer(identity)
    assert fixer is not None
    reads = [
        node.lineno
        for node in ast.walk(ast.parse(source_of(fixer.entry.path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "detail"
    ]
    assert reads == []

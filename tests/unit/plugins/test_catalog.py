"""The catalogue: a file in the right place is found, nothing runs before it is needed, and a faulty file is named."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doctor.model.declare import CheckDeclaration
from doctor.model.errors import DoctorError, UsageError
from doctor.model.message import explain
from doctor.plugins.catalog import Catalog
from doctor.plugins.listing import directory_of
from doctor.plugins.load import load
from doctor.plugins.messages import table

CHECK = '''from collections.abc import Iterator

from msgspec import Struct

from doctor.api import Finding, Severity, check
{before}

class Detail(Struct, frozen=True):
    """A detail."""

    path: str


@check(severity=Severity.ERROR, {arguments})
def {name}() -> Iterator[Finding]:
    """The disk is full, so nothing can be written.

    More of it.
    """
    yield from ()
'''
FIXER = """from collections.abc import Iterator

from doctor.api import Action, Applicability, Finding, fixer
from {package}.checks.disk.full import Detail


@fixer(applicability=Applicability.SAFE)
def full(finding: Finding, detail: {detail}) -> Iterator[Action]:
    yield from ()
"""
Write = Callable[..., Path]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """An importable package without any module; forgotten afterwards."""
    name = f"rooms_{abs(hash(request.node.nodeid)) % 10**9}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


@pytest.fixture
def write(tmp_path: Path, package: str) -> Write:
    """Write a module of the package, with the packages above it."""

    def written(path: str, content: str | None = None, *, before: str = "", arguments: str = "detail=Detail") -> Path:
        file = tmp_path / package / path
        for above in reversed(file.relative_to(tmp_path).parents[:-1]):
            (tmp_path / above).mkdir(exist_ok=True)
            (tmp_path / above / "__init__.py").touch()
        if content is None:
            content = CHECK.format(before=before, arguments=arguments, name=file.stem)
        file.write_text(content)
        return file

    return written


def catalog(package: str, *kinds: str) -> Catalog:
    found = Catalog()
    for kind in kinds or ("checks",):
        found.add(kind, f"{package}.{kind}", "acme")
    return found


def test_a_file_in_the_right_place_is_found_and_not_imported(package: str, write: Write) -> None:
    """An id is the place without the folder for the subject; what starts with an underscore is a part of others."""
    for path in ("disk/full.py", "disk/subject/wear_level.py", "disk/_shared.py", "disk/notes.txt", "_base/x.py"):
        write(f"checks/{path}", "raise SystemExit('imported')\n")
    found = catalog(package)
    assert sorted(found.checks) == ["acme:disk/full", "acme:disk/wear-level"]
    assert [name for name in sys.modules if name.startswith(f"{package}.checks.disk.")] == []


def test_a_check_has_its_declaration_and_the_first_sentence(package: str, write: Write) -> None:
    write("checks/disk/full.py", arguments="detail=Detail, ok='there is space', formerly=('disk/filled',)")
    loaded = catalog(package).check("acme:disk/full")
    assert isinstance(loaded.declaration, CheckDeclaration)
    assert (loaded.declaration.ok, loaded.summary) == ("there is space", "The disk is full, so nothing can be written.")
    assert catalog(package).renamed() == {"disk/filled": "acme:disk/full"}


def test_a_file_without_a_decorated_function_is_named(package: str, write: Write) -> None:
    """Also where it only imports a check of another file: that one is not declared here."""
    file = write("checks/disk/full.py")
    other = write("checks/disk/other.py", f"from {package}.checks.disk.full import full as other\n")
    with pytest.raises(UsageError, match="no @check in this file") as failed:
        catalog(package).check("acme:disk/other")
    assert failed.value.where == str(other)
    assert catalog(package).check("acme:disk/full").entry.path == str(file)


def test_a_fault_in_one_file_is_no_fault_of_another(package: str, write: Write) -> None:
    write("checks/disk/full.py")
    write("checks/disk/typo.py", "def typo(:\n")
    write("checks/disk/lost.py", "import nowhere_to_be_found\n")
    found = catalog(package)
    with pytest.raises(SyntaxError):
        found.check("acme:disk/typo")
    with pytest.raises(ModuleNotFoundError):
        found.check("acme:disk/lost")
    assert found.check("acme:disk/full").function() is not None


def test_a_fault_in_one_check_does_not_take_the_error_lines_of_others(package: str, write: Write) -> None:
    """Whatever its module raises: a line of the engine's log is explained without it."""
    write("checks/disk/broken.py", "raise RuntimeError('worn out')\n")
    message = "Message(pattern='disk full', example='disk full', means='it is full')"
    write(
        "checks/disk/full.py",
        before="from doctor.api import Message\n",
        arguments=f"detail=Detail, messages=({message},)",
    )
    found = explain("write: disk full", table(catalog(package)))
    assert found is not None
    assert found.best.checks == ("acme:disk/full",)


def test_a_file_that_goes_after_it_was_found_is_named(package: str, write: Write) -> None:
    """An upgrade of the package under a running doctor."""
    file = write("checks/disk/full.py")
    found = catalog(package)
    file.unlink()
    with pytest.raises(DoctorError, match="missing") as failed:
        found.check("acme:disk/full")
    assert failed.value.where == str(file)


def test_what_was_installed_and_is_gone_stays_in_the_list(package: str, write: Write) -> None:
    """So that its outcome is an error, and never silence."""
    write("checks/disk/full.py")
    found = catalog(package)
    found.expect([("checks", "disk/gone", f"{package}.checks.disk.gone", "/nowhere/gone.py")])
    assert "disk/gone" in found.choose((), ())
    with pytest.raises(DoctorError, match="missing"):
        found.check("disk/gone")


@pytest.mark.parametrize(
    ("detail", "fits"), [("Detail", True), ("Detail | None", False), ("str", False), ("None", False)]
)
def test_a_fixer_asks_for_the_detail_that_its_check_declares(
    package: str, write: Write, detail: str, *, fits: bool
) -> None:
    """Both files are named: either may be the one that is wrong."""
    check = write("checks/disk/full.py")
    fixer = write("fixers/disk/full.py", FIXER.format(package=package, detail=detail))
    found = catalog(package, "checks", "fixers")
    if fits:
        assert found.fixer("acme:disk/full") is not None
        return
    with pytest.raises(UsageError, match="detail of this fixer") as failed:
        found.fixer("acme:disk/full")
    assert failed.value.where == str(fixer)
    assert str(check) in str(failed.value)


@pytest.mark.parametrize("name", ["nowhere_at_all", "json.decoder"])
def test_a_room_must_be_a_package(name: str) -> None:
    with pytest.raises((UsageError, ModuleNotFoundError)):
        directory_of(name)


@pytest.mark.parametrize(
    ("select", "skip", "chosen"),
    [
        ((), (), ["acme:disk/full", "acme:disk/wear", "acme:net/slow"]),
        (("acme:disk",), (), ["acme:disk/full", "acme:disk/wear"]),
        (("acme",), ("acme:disk/full",), ["acme:disk/wear", "acme:net/slow"]),
        (("acme:net/slow", "acme:disk/full"), ("acme:net",), ["acme:disk/full"]),
        (("disk/filled",), (), ["acme:disk/full"]),
    ],
)
def test_checks_are_chosen_by_id_area_plugin_or_former_id(
    package: str, write: Write, select: tuple[str, ...], skip: tuple[str, ...], chosen: list[str]
) -> None:
    write("checks/disk/full.py", arguments="detail=Detail, formerly=('disk/filled',)")
    write("checks/disk/wear.py")
    write("checks/net/slow.py")
    assert catalog(package).choose(select, skip) == chosen


def test_a_mistyped_id_gets_the_nearest_one(package: str, write: Write) -> None:
    write("checks/disk/full.py")
    for words in ((("acme:disk/ful",), ()), ((), ("acme:disk/ful",))):
        with pytest.raises(UsageError) as failed:
            catalog(package).choose(*words)
        assert failed.value.do == "did you mean 'acme:disk/full'?"


def test_doctors_own_rooms_load_whole() -> None:
    """Every entry can be imported: none is in the list by its name alone."""
    ours = load()
    assert all(ours.check(name).summary for name in ours.checks)
    assert all(ours.fixer(name) for name in ours.fixers)
    assert all(ours.probe(name).summary for name in ours.probes)
    assert all(ours.report_format(name) for name in ours.formats)
    with pytest.raises(UsageError, match="no report format 'no-such-format'"):
        ours.report_format("no-such-format")

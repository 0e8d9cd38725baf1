"""Every command in doctor's advice exists, and is spelled so that it works when it is pasted."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from doctor.reports import text
from msgspec.structs import replace

from doctor.cli import spelled
from doctor.cli.common import SharedOptions, emit
from doctor.facts.host import package_commands
from doctor.facts.host.packages import System
from doctor.facts.path.details import PathEnd
from doctor.facts.secrets.redact import redact
from doctor.formats.host.os_release import parse
from doctor.model.missing import Missing, Why
from doctor.plugins.load import load
from tests.one_file import interpreter_of
from tests.unit.reports import samples
from tests.unit.test_docs import commands, judged

__all__ = ["commands"]
ROOT = Path(__file__).parents[3]
CATALOG = load()
FILES = [path for room in ("doctor", "checks", "fixers", "reports") for path in sorted((ROOT / room).rglob("*.py"))]
QUOTED = re.compile(r"'(doctor [a-z-][^']*)'")
BARE = re.compile(r"(?<!['\w/-])doctor (?:scan|fix|undo|probe|report|explain|list|guard|salvage|schedule)(?: |$)")
# Help texts show commands bare, in columns, under their own name; so do default values, pages that are read on other machines, and
# the command that docker adds.
HELP = {
    "doctor/cli/app.py",
    "doctor/cli/options/host.py",
    "doctor/cli/options/about.py",
    "doctor/cli/spelled.py",
    "doctor/cli/docker_plugin.py",
    "reports/_ways_out.py",
    "reports/sarif.py",
}


def sayings(path: Path) -> Iterator[str]:
    """Return every text of a module that is not a docstring, with X for what is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | inside:
            yield node.value


def test_every_command_in_a_message_exists(commands: dict[str, set[str]]) -> None:
    found = [
        (path.relative_to(ROOT), line) for path in FILES for saying in sayings(path) for line in QUOTED.findall(saying)
    ]
    assert len(found) > 30
    wrong = [f"{path}: {line}: {problem}" for path, line in found if (problem := judged(line, commands))]
    assert wrong == []


def test_no_message_names_a_command_that_can_not_be_respelled() -> None:
    """A command stands in quotes, so that its name can be replaced, and sudo's path is never left to luck."""
    bare = [
        f"{path.relative_to(ROOT)}: {saying}"
        for path in FILES
        if str(path.relative_to(ROOT)) not in HELP
        for saying in sayings(path)
        if BARE.search(saying) or "sudo doctor" in saying
    ]
    assert bare == ["doctor/model/report.py: doctor fix --apply"]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A doctor in a directory that is on nobody's PATH, its name with a space in it."""
    place = tmp_path / "my venv"
    place.mkdir()
    program = place / "doctor"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from doctor.cli.entry import main; main()' \"$@\"\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", interpreter_of(place / "doctor"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return str(program)


def test_a_doctor_off_the_path_is_named_by_its_path(elsewhere: str) -> None:
    quoted = f"'{elsewhere}'"
    assert spelled.name() == quoted
    assert spelled.command("fix", "a b") == f"{quoted} fix 'a b'"
    assert spelled.as_root("scan").endswith(f" {quoted} scan")
    assert spelled.pasted("see 'doctor undo --list'") == f"see '{quoted} undo --list'"


def test_a_doctor_on_the_path_keeps_its_short_name(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"/usr/bin:{os.path.dirname(elsewhere)}")
    assert spelled.name() == "doctor"
    assert spelled.pasted("see 'doctor undo --list'") == "see 'doctor undo --list'"
    # sudo does not search there.
    assert spelled.as_root("scan").endswith(f" '{elsewhere}' scan")


def test_another_doctor_on_the_path_is_not_meant(
    elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "bin"
    other.mkdir()
    (other / "doctor").write_text("#!/bin/sh\n")
    (other / "doctor").chmod(0o755)
    monkeypatch.setenv("PATH", str(other))
    assert spelled.name() == f"'{elsewhere}'"


def test_what_sudo_would_drop_is_spelled_out(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state directory of the user's own is named, or root would look into another one."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", "/srv/my state")
    monkeypatch.setenv("DOCTOR_CONFIG", "/srv/doctor.toml")
    line = spelled.as_root("undo", "--list")
    assert line.startswith("sudo DOCTOR_CONFIG=/srv/doctor.toml DOCTOR_STATE_DIR='/srv/my state' ")
    assert redact(line) == line
    # env is what sudo does with such words; the shell takes the line as it is.
    done = subprocess.run(
        ["sh", "-c", line.replace("sudo ", "env ", 1).replace("undo --list", "--version")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.startswith("doctor "), done.stderr


@pytest.mark.parametrize("width", [40, 60, 110])
def test_a_command_is_never_broken_by_the_width_of_a_terminal(width: int) -> None:
    program = "/opt/some where/bin/doctor"
    page = text.render(samples.NOT_ROOT, width=width).decode()
    assert "'sudo /opt/venv/bin/doctor scan --format text'" in page
    assert f"'{program} fix' shows" in text.render(samples.BROKEN, width=width, program=program).decode()


@pytest.mark.parametrize("name", sorted(CATALOG.formats))
def test_a_command_and_an_answer_survive_redaction(name: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A mask in the middle of what is to be pasted makes it useless."""
    answer = "state/layer-mount-corrupt:shop-db=4f4f4f"
    report = replace(
        samples.PLAN, command=f"sudo DOCTOR_STATE_DIR=/srv/state /opt/bin/doctor fix --choose {answer} --apply"
    )
    if report.kind in CATALOG.report_format(name).declaration.of:  # type: ignore[union-attr]
        emit(CATALOG, report, name, "", SharedOptions(verbose=False, quiet=False, colour=False))
        shown = capsysbinary.readouterr().out.decode()
        assert report.command in shown
        assert f"--choose {samples.LOST.id}:shop-db=4f4f4f" in shown


ADVISING = [
    path
    for path in FILES
    if str(path.relative_to(ROOT)).startswith(
        ("fixers/", "doctor/cli/commands/fix", "doctor/cli/commands/run", "doctor/repair/planning/choose")
    )
    or path.name == "package_commands.py"
]


def filled(saying: str) -> str:
    """Put plain words where a message is filled in: a known name before "=", a known flag after "--"."""
    saying = re.sub(r"(?<=--)X", "debug", re.sub(r"\bX(?==)", "HTTP_PROXY", saying))
    return re.sub(r"_X\b", "_NET", saying)


def test_no_mask_falls_on_a_command_of_our_own() -> None:
    """Package names, units, paths and placeholders of advice are no secrets: masked, the command can't be followed."""
    said = [(path.relative_to(ROOT), filled(saying)) for path in ADVISING for saying in sayings(path)]
    assert len(said) > 500
    assert [f"{path}: {redact(saying)}" for path, saying in said if redact(saying) != saying] == []


@pytest.mark.parametrize("distribution", ["debian", "fedora", "opensuse", "alpine", "arch", "elsewhere"])
@pytest.mark.parametrize("component", ["engine", "cli", "containerd", "runc"])
def test_a_package_to_install_is_named_in_full(distribution: str, component: str) -> None:
    system = System(os=parse(f"ID={distribution}\n"))
    packages = Missing(Why.ABSENT, "no package database")
    for line in (
        package_commands.install(system, component),
        package_commands.reinstall(system, packages, component),
        package_commands.upgrade(system, packages, component),
    ):
        assert redact(line) == line


PASTED_NAME = re.compile(
    r"\bdocker network (?:rm|disconnect -f|[^;]*(?:RANGE|X|routed)) $|"
    r"\b(?:ip|tc|bridge|networkctl|nmcli|dhclient) [^;]*(?:dev|link set|link show|link delete|master|br|renew|reapply|dhclient) $"
)


def unquoted(path: Path) -> Iterator[str]:
    """Return commands of a module that name an interface or a network as it is."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        said = ""
        for part in node.values if isinstance(node, ast.JoinedStr) else ():
            if isinstance(part, ast.Constant):
                said += str(part.value)
            elif isinstance(part, ast.FormattedValue):
                if PASTED_NAME.search(said) and not ast.unparse(part.value).startswith("quote("):
                    yield f"{path.name}: {said}{{{ast.unparse(part.value)}}}"
                said += "X"


def test_a_command_names_an_interface_or_network_as_a_shell_must_read_it() -> None:
    """The kernel takes any name without a blank or a slash, the engine any name, and a container names its own interfaces."""
    assert [line for path in ADVISING if {"network", "containers"} & {*path.parts} for line in unquoted(path)] == []


@pytest.mark.parametrize("family", ["ip filter", "inet $(id)"])
def test_a_command_names_a_chain_and_a_rule_as_a_shell_must_read_them(family: str) -> None:
    """Chains and comments in a container are hostile: pasted, the command lists and deletes, and runs nothing else."""
    handle = 0 if family == "ip filter" else 7
    end = PathEnd(
        place="web", table=family, chain="a;$(id)", rule='-A a;$(id) -m comment --comment "`id`" -j b', handle=handle
    )
    for line in (end.listing, end.deletion):
        done = subprocess.run(["sh", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True)
        assert "a;$(id)" in done.stdout.splitlines()
        assert "uid=" not in done.stdout

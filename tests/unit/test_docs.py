"""The documentation is right: commands and options exist, links lead somewhere, pages are what the docstrings say."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from doctor.cli import app as command_line
from doctor.plugins.load import load

ROOT = Path(__file__).parents[2]
WRITTEN = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md")])
LINK = re.compile(r"(?<!`)\[[^\]]+\]\(([^)\s]+)\)")


@pytest.fixture(scope="session")
def commands() -> dict[str, set[str]]:
    """Each command, groups as ``schedule install``, with the options it takes."""
    command_line.build("")
    return dict(_walk(typer.main.get_command(command_line.app), ()))


def _walk(command: object, words: tuple[str, ...]) -> Iterator[tuple[str, set[str]]]:
    options = {flag for parameter in command.params for flag in parameter.opts}  # type: ignore[attr-defined]
    yield " ".join(words), options | {"-h", "--help"}
    for name, inner in getattr(command, "commands", {}).items():
        yield from _walk(inner, (*words, name))


def lines(path: Path) -> Iterator[str]:
    """Every command line for doctor: in fenced blocks behind ``sudo`` or a prompt, and in code of the text."""
    text = path.read_text(encoding="utf-8")
    for block in re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            found = re.match(r"(?:[$#] )?(?:sudo )?(doctor(?: .*)?)$", line.strip())
            if found:
                yield found[1]
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    yield from re.findall(r"`(doctor [a-z-][^`]*)`", outside)


@pytest.mark.parametrize("name", ["README.md", "onefile/README.md"])
def test_the_one_file_can_be_executed_by_the_user_who_copied_it(name: str) -> None:
    """Typed word by word: a download has no executable bit, and 'ssh host' may be another user than root."""
    text = (ROOT / name).read_text(encoding="utf-8")
    copied = re.findall(r"^(?:\$ )?scp (\S+) (\S+):(\S+) && ssh (\S+) (\S+) scan$", text, re.MULTILINE)
    assert copied
    for file, to, path, on, started in copied:
        assert (to, path) == (on, started)
        assert file.startswith("dist/") or f"chmod +x {file}" in text


def judged(line: str, commands: dict[str, set[str]]) -> str:
    """Return what is wrong with a command line, an empty string if nothing is."""
    words = shlex.split(line, comments=True)[1:]
    for end in (";", "|", "&&", ">"):
        if end in words:
            words = words[: words.index(end)]
    words = [word.rstrip(";") for word in words]
    named = " ".join(words[:2]) if " ".join(words[:2]) in commands else "".join(words[:1])
    if named.startswith("-"):
        named = ""
    if named not in commands:
        return f"no command '{named}'"
    # The words after 'doctor run IMAGE' belong to the container.
    for word in words:
        option = word.partition("=")[0]
        if (
            option.startswith("-")
            and option not in commands[named] | commands[""]
            and not _joined(option, named, commands)
        ):
            return f"'{named}' has no option '{option}'"
    return ""


def _joined(option: str, named: str, commands: dict[str, set[str]]) -> bool:
    """Whether it is several short options in one word, as in ``-it``."""
    return not option.startswith("--") and all(f"-{letter}" in commands[named] for letter in option[1:])


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_options_exist(path: Path, commands: dict[str, set[str]]) -> None:
    assert [f"{line}: {wrong}" for line in lines(path) if (wrong := judged(line, commands))] == []


def test_a_wrong_command_or_option_is_noticed(commands: dict[str, set[str]]) -> None:
    assert judged("doctor heal", commands) == "no command 'heal'"
    assert judged("doctor fix --apply --force", commands) == "'fix' has no option '--force'"
    assert not judged("doctor run -it --net none app:latest sh   # a shell", commands)
    assert not judged("doctor schedule install --every hourly; echo $?", commands)


def test_the_guide_and_the_readme_name_every_command(commands: dict[str, set[str]]) -> None:
    text = (ROOT / "README.md").read_text() + (ROOT / "docs/guide.md").read_text()
    top = {name for name in commands if name and " " not in name}
    assert {name for name in top if f"doctor {name}" not in text} == set()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    targets = [target.partition("#")[0] for target in LINK.findall(path.read_text(encoding="utf-8"))]
    inside = [target for target in targets if target and "://" not in target]
    assert [target for target in inside if not (path.parent / target).exists()] == []


def test_anchors_lead_somewhere() -> None:
    for path in WRITTEN:
        for target in LINK.findall(path.read_text(encoding="utf-8")):
            name, _, anchor = target.partition("#")
            if anchor and "://" not in target:
                page = path.parent / name if name else path
                heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
                assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, target


def test_check_ids_in_the_texts_exist() -> None:
    """An id in the README or the guide is one that 'doctor explain' knows."""
    known = set(load().checks)
    areas = {identity.partition("/")[0] for identity in known}
    for path in (ROOT / "README.md", ROOT / "docs/guide.md"):
        for area, problem in re.findall(r"(?<![\w/.-])([a-z]+)/([a-z0-9]+(?:-[a-z0-9]+)+)(?![\w/.])", path.read_text()):
            assert area not in areas or f"{area}/{problem}" in known, f"{path.name}: {area}/{problem}"


def test_every_check_has_its_page(tmp_path: Path) -> None:
    """They are built, and lead to each other."""
    subprocess.run([sys.executable, "scripts/docs.py", str(tmp_path)], cwd=ROOT, capture_output=True, check=True)
    pages = list(tmp_path.rglob("*.md"))
    assert {f"{path.parent.name}/{path.stem}" for path in pages if path.parent != tmp_path} == set(load().checks)
    targets = [(path, target) for path in pages for target in LINK.findall(path.read_text(encoding="utf-8"))]
    assert [target for path, target in targets if "://" not in target and not (path.parent / target).exists()] == []


def test_pages_say_what_the_checks_declare() -> None:
    """They are built from the source's text; doctor's own declarations have the same levels, probes and causes."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import docs
    finally:
        sys.path.pop(0)
    catalog = load()
    fixers = docs.declared("fixers")
    for identity, check in docs.declared("checks").items():
        declaration = catalog.check(identity).declaration
        assert check.word("severity") == declaration.severity.word
        assert (check.values("breaks"), check.values("causes")) == (declaration.breaks, declaration.causes)
        fixer = catalog.fixer(identity)
        assert (fixer is None) == (identity not in fixers)
        assert fixer is None or fixers[identity].word("applicability") == fixer.declaration.applicability.word

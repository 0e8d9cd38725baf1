"""The help of every command, as users see it."""

import json
import os
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("doctor")
_PRINT_ALL = """
import json, sys, typer
from doctor.cli import app
app.build("")
root = typer.main.get_command(app.app)
if sys.argv[1:] == ["docker"]:
    from doctor.cli.docker_plugin import adapt
    adapt(root)
def walk(command, words, above=None):
    context = typer.Context(command, parent=above, info_name=words.split(" ")[-1])
    yield words, command.get_help(context)
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, f"{words} {name}", context)
print(json.dumps(dict(walk(root, "doctor"))))
"""


@cache
def pages(form: str, columns: str) -> dict[str, str]:
    """Return the help of all commands, by their words; ``columns`` "" is a pipe of a shell that sets none."""
    env = {key: value for key, value in os.environ.items() if key != "COLUMNS"}
    env |= {"COLUMNS": columns} if columns else {}
    words = [sys.executable, "-c", _PRINT_ALL, *([form] if form else [])]
    found: dict[str, str] = json.loads(subprocess.run(words, capture_output=True, check=True, env=env).stdout)
    return found


@pytest.mark.parametrize("columns", ["80", ""])
@pytest.mark.parametrize("form", ["", "docker"])
def test_help_fits_on_a_terminal(form: str, columns: str) -> None:
    """Of 80 columns, in a pipe too; also as 'docker doctor', which makes each example longer."""
    found = pages(form, columns)
    assert {"doctor", "doctor scan", "doctor kubernetes publish", "doctor history diff"} <= set(found)
    wide = [(words, line) for words, page in found.items() for line in page.splitlines() if len(line) > 80]
    assert wide == []


def test_an_example_can_be_copied() -> None:
    """A line that continues ends in a backslash, and the next one is indented."""
    for words, page in pages("", "80").items():
        examples = page.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
        for before, line in zip(["", *examples], [*examples, ""], strict=True):
            assert before.endswith("\\") == line.startswith("        "), (words, line)


@pytest.mark.parametrize("words", [("--help",), ("scan", "--nonsense")])
def test_the_program_is_named_as_it_is_called(words: tuple[str, ...], tmp_path: Path) -> None:
    """By its path where the shell does not find it: "see 'doctor -h'" would fail."""
    said = {}
    for path in (str(PROGRAM.parent), str(tmp_path)):
        env = {**os.environ, "PATH": f"{path}:/usr/bin:/bin"}
        done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, env=env, check=False)
        assert done.returncode == (0 if words == ("--help",) else 2)
        said[path] = done.stdout + done.stderr
    begin = "Usage: {}" if words == ("--help",) else "see '{} scan -h'"
    assert [begin.format(name) in text for name, text in zip(("doctor", str(PROGRAM)), said.values(), strict=True)] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("scna", "there is no command 'scna' — did you mean 'scan'? see 'doctor -h'"),
        ("guard x", "there is no command 'x' — see 'doctor guard -h'"),
        ("scan --selct dns", "there is no option '--selct' — did you mean '--select'? see 'doctor scan -h'"),
        ("--nonsense", "there is no option '--nonsense' — see 'doctor -h'"),
        (
            "scan dns cpu",
            "'doctor scan' takes no argument 'dns cpu' — 'doctor scan --select dns,cpu' runs only these checks",
        ),
        ("undo 7 8", "'doctor undo' takes no argument '8' — see 'doctor undo -h'"),
        ("scan --select", "option '--select' requires an argument — see 'doctor scan -h'"),
        ("run", "IMAGE is missing — see 'doctor run -h'"),
        ("kubernetes scan", "option --to is missing — see 'doctor kubernetes scan -h'"),
        ("scan --select '\033[2J'", "no check or area '\\x1b[2J' — see 'doctor list'"),
        (
            "waive network/ip-forward-of",
            "there is no check 'network/ip-forward-of' — did you mean 'network/ip-forward-off'?",
        ),
    ],
)
def test_a_mistake_is_one_line(words: str, says: str) -> None:
    """With the word that is wrong and the next command, as every other error."""
    env = {**os.environ, "PATH": f"{PROGRAM.parent}:/usr/bin:/bin"}
    done = subprocess.run([PROGRAM, *shlex.split(words)], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"doctor: {says}\n")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("scan --root ''", "--root"),
        ("scan --root=", "--root"),
        ("scan --bundle ''", "--bundle"),
        ("fix --apply --yes --root ''", "--root"),
        ("salvage --to x --data-root ''", "--data-root"),
        ("undo '' --yes", "RUN"),
        ("quarantine purge --yes --older-than ''", "--older-than"),
    ],
)
def test_an_empty_variable_changes_no_other_host(words: str, what: str) -> None:
    """--root "$DISK" must not repair this host, nor undo "$RUN" the last repair."""
    done = subprocess.run([PROGRAM, *shlex.split(words)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"doctor: {what} is empty — name what is meant, or leave it out\n"

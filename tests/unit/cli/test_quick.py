"""The short way to a scan: the same options as typer's, and typer for everything that is not plain."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from typer.main import get_command

from doctor.cli import app as full
from doctor.cli import entry, quick
from doctor.cli.commands import bundled, planned
from doctor.cli.commands import fix as plan_body
from doctor.cli.commands import scan as body


def declared(name: str = "scan") -> dict[str, tuple[str, bool]]:
    """Every option of a command as typer knows it: word → (field, whether it is a flag)."""
    full.build(name)
    command: Any = get_command(full.app)
    found = {}
    for parameter in command.commands[name].params:
        for word in parameter.opts:
            found[word] = (parameter.name, getattr(parameter, "is_flag", False))
    return found


def test_it_knows_every_option_and_no_other() -> None:
    """An option that is added to the command must be added here, or it costs its user 30 ms."""
    ours = {word: (field, False) for word, field in quick.VALUES.items()}
    ours |= {word: (field, True) for word, field in quick.FLAGS.items()}
    assert ours == declared()
    fields = {field for field, _ in ours.values()} - set(quick.SHARED)
    assert fields == set(body.ScanOptions.__struct_fields__)


def test_a_plan_takes_some_of_the_options_of_fix() -> None:
    """Each means the same to typer."""
    ours = {word: (field, False) for word, field in quick.PLAN_VALUES.items()}
    ours |= {word: (field, True) for word, field in quick.PLAN_FLAGS.items()}
    assert ours.items() <= declared("fix").items()
    assert {field for field, _ in ours.values()} - set(quick.SHARED) <= set(planned.FixOptions.__struct_fields__)


def asked(monkeypatch: pytest.MonkeyPatch, arguments: list[str], way: Any) -> tuple[Any, Any] | None:
    """Return the arguments of the command's body; ``None`` if it is not called."""
    calls: list[tuple[Any, Any]] = []
    for each, name in ((body, "run"), (plan_body, "run"), (bundled, "scan_bundle")):
        monkeypatch.setattr(each, name, lambda options, shared: calls.append((options, shared)) or 0)
    way(arguments)
    return calls[0] if calls else None


WORDS = some.lists(
    some.one_of(
        some.sampled_from([*quick.FLAGS]),
        some.tuples(some.sampled_from([*quick.VALUES]), some.sampled_from(["", "network", "a=b", "-x", "never"])),
        some.tuples(
            some.sampled_from(["--select=a", "--format=", "--color=never", "-ojson", "-vq", "--", "x", "--deep=1"])
        ),
    ),
    max_size=5,
)


@given(WORDS)
def test_both_ways_ask_for_the_same(words: list[str | tuple[str, ...]]) -> None:
    """Whatever the short way takes, typer would have understood in the same way."""
    arguments = ["scan", *(part for word in words for part in ((word,) if isinstance(word, str) else word))]
    options = quick.scan_options(arguments)
    if options is None:
        return
    with pytest.MonkeyPatch.context() as patch:
        short = asked(patch, arguments, lambda _: full.ended(lambda: quick.scan(*options)))
        assert short == asked(patch, arguments, full.run)


@given(WORDS)
def test_both_ways_ask_for_the_same_plan(words: list[str | tuple[str, ...]]) -> None:
    """Likewise for a plain ``fix``."""
    arguments = ["fix", *(part for word in words for part in ((word,) if isinstance(word, str) else word))]
    options = quick.plan_options(arguments)
    if options is None:
        return
    with pytest.MonkeyPatch.context() as patch:
        short = asked(patch, arguments, lambda _: full.ended(lambda: quick.plan(*options)))
        assert short == asked(patch, arguments, full.run)


def test_a_plan_loads_nothing_that_changes_a_host(tmp_path: Path) -> None:
    """A plan for a healthy host costs little more than its scan."""
    code = (
        "import sys; from doctor.cli.entry import command; code = command(); "
        "print(code, sorted({'typer', 'doctor.repair.apply', 'doctor.repair.steps.execute', 'doctor.scan.prove'} & set(sys.modules)))"
    )
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text("ID=debian\n")
    (tmp_path / "var/lib/docker").mkdir(parents=True)
    command = [sys.executable, "-c", code, "fix", "--root", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout


@pytest.mark.parametrize("word", ["--apply", "--yes", "--resume", "network", "--allow", "--choose", "--help"])
def test_what_is_more_than_a_plan_is_left_to_typer(word: str) -> None:
    """The command that changes the host is read in one place."""
    assert quick.plan_options(["fix", word, "safe"]) is None
    assert quick.plan_options(["fix", word]) is None


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-v", "scan"],
        ["fix"],
        ["scan", "--help"],
        ["scan", "--select"],
        ["scan", "--select", "--deep"],
        ["scan", "-vq"],
        ["scan", "extra"],
        ["scan", "--deep=1"],
        ["scan", "--no-such"],
    ],
)
def test_what_is_not_plain_is_left_to_typer(arguments: list[str]) -> None:
    """Help, mistakes and rare spellings."""
    assert quick.scan_options(arguments) is None


def test_a_mistyped_id_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short way ends as the long one does: exit 2 and what to do."""
    monkeypatch.setattr("sys.argv", ["doctor", "scan", "--select", "network/ip-forward-of"])
    assert entry.command() == 2
    assert "did you mean 'network/ip-forward-off'?" in capsys.readouterr().err


def test_msgspec_loads_what_is_needed() -> None:
    """Its JSON schemas come at the first use; a check of the guard has no time for them."""
    code = (
        "import sys; from doctor.cli.msgspec_import import load_msgspec; load_msgspec(); import msgspec\n"
        "print(sorted({'inspect', 'textwrap', 'msgspec.inspect', 'typing_extensions'} & set(sys.modules)))\n"
        "print(msgspec.json.schema(int), msgspec.inspect.type_info(int))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False, env=_paths())
    assert done.stdout == "[]\n{'type': 'integer'} IntType(gt=None, ge=None, lt=None, le=None, multiple_of=None)\n", (
        done
    )


def _paths() -> dict[str, str]:
    """The import path without the startup files of site, which may import anything."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

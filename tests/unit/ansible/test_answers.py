"""How the Ansible collection reads answers of doctor; nothing in here needs Ansible."""

import doctest
import importlib.util
import json
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from doctor.reports import json as json_format
from msgspec.structs import replace

from doctor.model.report import ManualFix, Report
from tests.unit.reports import samples

SOURCE = Path(__file__).parents[3] / "ansible/plugins/plugin_utils/answers.py"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("answers", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


answers = _load()


def printed(report: Report | None, code: int, messages: str = "", newline: str = "\n") -> str:
    """The output of a connection."""
    text = "" if report is None else json_format.render(report).decode()
    return f"{text}\n{answers.MARK} {code}\n{messages}".replace("\n", newline)


def read(report: Report | None, code: int, kind: str, messages: str = "") -> Any:
    return answers.read(printed(report, code, messages), kind)


def test_its_examples() -> None:
    assert doctest.testmod(answers).failed == 0


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_terminal_changes_nothing(newline: str) -> None:
    """A connection with a terminal ends lines with a carriage return, and prints a banner first."""
    text = "Authorized use only\n{ not json\n".replace("\n", newline)
    banner = answers.read("hello" + newline + printed(samples.BROKEN, 1, "note: x", newline), "scan")
    assert (banner.code, banner.messages) == (1, "note: x")
    assert answers.scanned(banner)["verdict"] == "problems"
    with pytest.raises(answers.NoAnswerError, match="without a report"):
        answers.read(text + printed(None, 1), "scan")


def test_the_script_survives_a_shell(tmp_path: Path) -> None:
    """Words with blanks and quotes reach the program as they are; its code and its messages are printed."""
    program = tmp_path / "my doctor"
    program.write_text('#!/bin/sh\nprintf "%s|" "$@"; echo oops >&2; exit 5\n')
    program.chmod(0o755)
    words = ["fix", "--choose=a:b c=$(id)", "it's", ""]
    shell = answers.script(str(program), words, str(tmp_path / "messages"))
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False, timeout=10)
    answer = answers.read(done.stdout)
    assert done.stdout.startswith("fix|--choose=a:b c=$(id)|it's||")
    assert (answer.code, answer.messages) == (5, "oops")
    assert list(tmp_path.iterdir()) == [program]


@pytest.mark.parametrize(
    ("report", "code", "verdict", "problems"),
    [
        (samples.CLEAR, 0, "clear", 0),
        (samples.HEALTHY, 0, "healthy", 0),
        (samples.BROKEN, 1, "problems", 5),
        (samples.INCOMPLETE, 3, "incomplete", 0),
        (samples.NOTHING_RAN, 3, "incomplete", 0),
    ],
)
def test_a_scan_is_never_changed(report: Report, code: int, verdict: str, problems: int) -> None:
    result = answers.scanned(read(report, code, "scan"))
    assert (result["changed"], result["verdict"], result["exit_code"]) == (False, verdict, code)
    assert result["problems"] == problems
    assert result["ansible_facts"]["doctor"]["verdict"] == verdict


@pytest.mark.parametrize("code", [2, 4, 5, 6, 10, 126, 127, 130, 137])
def test_no_other_code_is_a_scan(code: int) -> None:
    """A report beside it, or none: a task that failed is not one that found nothing."""
    for report in (samples.CLEAR, None):
        with pytest.raises(answers.NoAnswerError):
            answers.scanned(read(report, code, "scan", "killed"))


@pytest.mark.parametrize(
    ("code", "said", "way_out"),
    [
        (126, "/bin/sh: 1: /tmp/x/doctor: Exec format error", "let src name the directory"),
        (126, "/tmp/x/doctor: cannot execute binary file: Exec format error", "let src name the directory"),
        (126, "/bin/sh: 1: /tmp/x/doctor: Permission denied", "set ansible_remote_tmp"),
        (127, "/bin/sh: 1: doctor: not found", "install it"),
    ],
)
def test_a_file_that_does_not_start_has_a_way_out(code: int, said: str, way_out: str) -> None:
    """As dash and bash say it, on a host of another processor and on one whose /tmp is noexec."""
    with pytest.raises(answers.NoAnswerError, match=way_out) as caught:
        read(None, code, "scan", said)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Connection reset",
        '{"kind": "scan"}',
        f"\n{answers.MARK} 0\n",
        f"{{}}\n{answers.MARK} 0\n",
        f"[]\n{answers.MARK} 1\n",
    ],
)
def test_half_an_answer_is_none(text: str) -> None:
    with pytest.raises(answers.NoAnswerError):
        answers.scanned(answers.read(text, "scan"))


def test_a_report_of_another_release_or_kind_is_refused() -> None:
    text = printed(samples.CLEAR, 0)
    with pytest.raises(answers.NoAnswerError, match="schema 2"):
        answers.read(text.replace('"schema_version": "1"', '"schema_version": "2"'), "scan")
    with pytest.raises(answers.NoAnswerError, match="printed a scan report in place of a plan report"):
        answers.read(text, "plan")


def test_a_plan_is_changed_if_it_has_actions() -> None:
    plan = answers.planned(read(samples.PLAN, 1, "plan"))
    assert plan["changed"]
    assert plan["run"] == ""
    assert plan["diff"][0]["prepared"].startswith("# 1. ")
    assert not answers.planned(read(samples.NOTHING, 0, "plan"))["changed"]


@pytest.mark.parametrize(
    ("report", "code", "changed", "says"),
    [
        (samples.REPAIR, 0, True, "applied and verified"),
        (samples.REPAIR, 1, True, "problems remain"),
        (samples.REPAIR, 3, True, "unknown"),
        (samples.ROLLED_BACK, 4, False, "rolled back completely"),
        (samples.HALF_DONE, 6, True, "could not be rolled back completely"),
        (replace(samples.REPAIR, run="", actions=(), error=""), 0, False, "nothing was changed"),
        (replace(samples.REPAIR, run="", actions=(), error=""), 5, False, "doctor refused"),
    ],
)
def test_a_repair_is_changed_only_if_the_host_is(report: Report, code: int, changed: bool, says: str) -> None:
    result = answers.repaired(read(report, code, "repair"))
    assert (result["changed"], bool(result.get("failed"))) == (changed, code in {4, 5, 6})
    assert says in result["msg"]
    assert bool(result.get("warnings")) == (code in {1, 3})


def test_what_is_half_done_is_in_the_message() -> None:
    result = answers.repaired(read(samples.HALF_DONE, 6, "repair"))
    assert samples.HALF_DONE.half_done[0].what in result["msg"]
    assert "next: " in result["msg"]


def test_a_refusal_names_the_risk_and_no_remark() -> None:
    risky = ManualFix(finding=samples.FORWARD, why="it is disruptive: add --allow disruptive", advice="x")
    remark = ManualFix(finding=samples.INFO, why="only you can decide this", advice="x")
    refused = replace(samples.REPAIR, run="", actions=(), error="", manual=(risky, remark))
    message = answers.repaired(read(refused, 5, "repair"))["msg"]
    assert message == "doctor refused: network/ip-forward-off: it is disruptive: add --allow disruptive"


def test_a_refusal_without_a_report_has_doctors_own_words() -> None:
    said = "doctor: repair 7 is unfinished — 'doctor undo' rolls it back"
    with pytest.raises(answers.NoAnswerError, match="doctor refused: doctor: repair 7 is unfinished"):
        answers.repaired(read(None, 5, "repair", said))


@pytest.mark.parametrize(
    ("code", "messages", "changed", "failed"),
    [
        (0, "", True, False),
        (1, "container web does not run", True, False),
        (0, "repair 7 changed nothing; there is nothing to undo", False, False),
        (5, "doctor: run 7 is already undone — see 'doctor undo --list'", False, False),
        (6, "repair 7 is only partly undone", True, True),
    ],
)
def test_an_undo(code: int, messages: str, changed: bool, failed: bool) -> None:
    result = answers.undone(read(None, code, "", messages), "7")
    assert (result["changed"], bool(result.get("failed"))) == (changed, failed)


def test_an_undo_of_another_run_is_refused() -> None:
    with pytest.raises(answers.NoAnswerError, match="no repair"):
        answers.undone(read(None, 5, "", "doctor: no repair to undo"), "7")


def test_no_name_of_a_host_leads_out_of_the_directory() -> None:
    names = ["../../etc/passwd", "a/b", "a%2Fb", "..", ".", "", "müller", "a\x00b", "A", "a"]
    files = [answers.file_name(name) for name in names]
    assert len(set(files)) == len(names)
    assert all(
        ("/" not in file and not file.startswith(".")) or name == "" for name, file in zip(names, files, strict=True)
    )
    json.dumps(files)

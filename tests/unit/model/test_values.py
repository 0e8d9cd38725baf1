"""The values that flow between the rooms: what others rely on without asking again."""

import json
from itertools import pairwise
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from doctor.model.exit_code import ExitCode
from doctor.model.finding import Evidence, Finding, Subject
from doctor.model.missing import Missing, Why
from doctor.model.paths import HostPath, is_beneath, join, parent
from doctor.model.report import HostInfo, ManualFix, PlanReport, Question
from doctor.model.secret import SECRET, Guarded, secret_fields
from doctor.model.severity import Applicability, Severity
from doctor.model.step import (
    Directory,
    Put,
    Step,
    places,
    touches,
)
from doctor.model.text import visible
from doctor.model.verdict import judge
from tests.unit.model.steps import STEPS


@given(STEPS)
def test_a_step_touches_its_own_places(step: Step) -> None:
    """And what is above them, never what only begins alike."""
    for place in places(step):
        assert touches(step, (place,))
        if place.startswith("/") and place.rstrip("/"):
            assert touches(step, ("/",))
            assert not touches(Put(path=place.rstrip("/") + "x", node=Directory()), (place,))


PARTS = some.lists(some.text(some.sampled_from("ab.-é"), min_size=1, max_size=4), max_size=5)


@given(PARTS, PARTS)
def test_paths_are_put_together_and_apart(one: list[str], other: list[str]) -> None:
    """An absolute part stays beneath; the parent of a child is what it was made of."""
    base, deep = HostPath("/" + "/".join(one)), HostPath("/" + "/".join((*one, *other)))
    assert join(base, *other) == deep
    assert join(base, "/" + "/".join(other)).rstrip("/") == deep.rstrip("/")
    assert is_beneath(deep, base)
    assert is_beneath(base, deep) == (base == deep)
    if other:
        assert parent(deep) == join(base, *other[:-1])
        assert not is_beneath(base.rstrip("/") + "x" + deep, base) or base == "/"


def test_a_fingerprint_is_of_the_problem_and_its_subject() -> None:
    """Waivers, history and other tools keep it: wording, severity and evidence are not in it, and its digits are fixed."""
    finding = Finding(
        id="network/ip-forward-off", subject=Subject("sysctl", "net.ipv4.ip_forward"), message="it is off"
    )
    assert finding.fingerprint == "d92840f03c88635d"
    worded = msgspec.structs.replace(
        finding, message="not forwarded", severity=Severity.INFO, evidence=(Evidence("x", "0"),), waived="known"
    )
    assert worded.fingerprint == finding.fingerprint
    for other in (
        msgspec.structs.replace(finding, id="network/ip-forward-of"),
        msgspec.structs.replace(finding, subject=Subject("sysct", "lnet.ipv4.ip_forward")),
        msgspec.structs.replace(finding, subject=Subject("file", finding.subject.name)),
    ):
        assert other.fingerprint != finding.fingerprint
    assert msgspec.structs.replace(finding, subject=Subject("file", "/caf\udce9")).fingerprint


def test_levels_are_ordered_and_have_words() -> None:
    """``--fail-on`` and ``--allow`` are comparisons; every word is read back."""
    for levels in (list(Severity), list(Applicability)):
        assert all(low < high for low, high in pairwise(levels))
        assert [type(level).parse(level.word) for level in levels] == levels
    with pytest.raises(KeyError):
        Severity.parse("fatal")


def test_only_what_is_not_there_is_harmless() -> None:
    """A denial, a timeout, an I/O error or a corrupt file makes a scan incomplete."""
    assert {why for why in Why if Missing(why, "").is_harmless} == {Why.ABSENT, Why.UNSUPPORTED}


def test_exit_codes_are_the_published_ones() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FOUND": 1,
        "USAGE": 2,
        "INCOMPLETE": 3,
        "ROLLED_BACK": 4,
        "REFUSED": 5,
        "HALF_DONE": 6,
        "START_STOPPED": 10,
    }


def test_a_value_with_secrets_is_printed_without_them() -> None:
    """In a traceback, a log line or a failed assertion; the field is not even named."""

    class Login(Guarded, frozen=True, kw_only=True):
        user: str
        password: Annotated[str, SECRET]

    assert secret_fields(Login) == {"password"}
    login = Login(user="me", password="hunter2")
    for shown in (repr(login), str(login), f"{[login]}", f"{login!r}"):
        assert "hunter2" not in shown
        assert "password" not in shown
        assert "user='me'" in shown


@given(some.text())
def test_text_of_a_host_can_be_shown_anywhere(text: str) -> None:
    """Printable, encodable, the same when it is escaped again; and kept in JSON."""
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown
    assert json.loads(json.dumps(shown)) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("needs", "questions", "said"),
    [
        ((), False, "doctor can repair none of the problems"),
        ((Applicability.DESTRUCTIVE, Applicability.DISRUPTIVE), False, "without --allow disruptive"),
        ((), True, "without an answer (--choose)"),
    ],
)
def test_an_empty_plan_names_the_option_that_repairs(
    needs: tuple[Applicability, ...], questions: bool, said: str
) -> None:
    """A problem that needs only an option is not called one that doctor can't repair."""
    asked = (Question(text="which one", candidates=()),) if questions else ()
    finding = Finding(subject=Subject("file", "/x"), message="m", id="a/b", severity=Severity.ERROR)
    manual = [ManualFix(finding=finding, why="w", advice="", questions=asked)]
    manual += [ManualFix(finding=finding, why="w", advice="", needs=one) for one in needs]
    before = judge((finding,), (), fail_on=Severity.WARNING)
    plan = PlanReport(
        host=HostInfo(name="host", root="/mnt"),
        doctor="0",
        started=0.0,
        seconds=0.0,
        actions=(),
        risk=None,
        manual=tuple(manual),
        resolves=(),
        remaining=(finding,),
        before=before,
        probes=(),
    )
    assert said in plan.verdict.says

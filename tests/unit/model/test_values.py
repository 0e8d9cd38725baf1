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
from doctor.model.secret import SECRET, Guarded, secret_fields
from doctor.model.severity import Applicability, Severity
from doctor.model.step import (
    Answer,
    Attributes,
    CharacterDevice,
    Directory,
    File,
    HardLink,
    KernelValue,
    Meta,
    Move,
    Netlink,
    Put,
    Run,
    Signal,
    StartContainers,
    Step,
    Stopped,
    Symlink,
    places,
    touches,
)
from doctor.model.text import visible

TEXTS = some.text(some.characters(exclude_categories=["Cs"]), max_size=20)
METAS = some.builds(
    Meta, mode=some.integers(0, 0o7777), uid=some.integers(0, 2**32 - 1), xattrs=some.dictionaries(TEXTS, some.binary())
)
NODES = some.one_of(
    some.builds(File, content=some.binary()),
    some.just(Directory()),
    some.builds(Symlink, target=TEXTS),
    some.builds(CharacterDevice, major=some.integers(0, 4095), minor=some.integers(0, 2**20 - 1)),
    some.builds(HardLink, to=TEXTS),
)
STEPS = some.one_of(
    some.builds(Put, path=TEXTS, node=NODES, meta=some.none() | METAS),
    some.builds(Move, path=TEXTS, to=TEXTS),
    some.builds(Attributes, path=TEXTS, mode=some.none() | some.integers(0, 0o7777), xattrs=some.dictionaries(TEXTS, some.none() | some.binary())),
    some.builds(KernelValue, path=TEXTS, value=TEXTS),
    some.builds(Run, argv=some.tuples(TEXTS, TEXTS), predicts=some.tuples(some.builds(Answer, ask=some.tuples(TEXTS), stdout=some.binary()))),
    some.builds(Signal, pid=some.integers(1, 2**22), start_ticks=some.integers(0, 2**63), signal=some.integers(1, 64)),
    some.builds(Netlink, do=some.tuples(TEXTS, TEXTS, some.dictionaries(TEXTS, TEXTS | some.integers(0, 2**31)))),
    some.builds(StartContainers, containers=some.tuples(some.builds(Stopped, id=TEXTS, name=TEXTS))),
)  # fmt: skip


@given(STEPS)
def test_a_step_survives_the_journal(step: Step) -> None:
    """Any bytes and names: an undo reads the very step that was done."""
    assert msgspec.json.decode(msgspec.json.encode(step), type=Step) == step


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

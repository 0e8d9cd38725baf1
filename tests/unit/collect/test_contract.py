"""Each collector's contract: a fact or the reason why it is missing, whatever the host answers and whatever stands in a path.

A new collector is among these by itself, and so is each path, command and request that it comes to ask for: they are
those that the collectors were seen to ask for.
"""

import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from doctor.host.base import ApiAnswer, CommandResult, Process
from doctor.host.noted import NotedHost
from doctor.host.recorded import RecordedAnswers, RootHost
from doctor.model.declare import CollectorDeclaration, declaration_of
from doctor.model.missing import Missing, Why
from doctor.scan.resolve import Facts, _returns, find_collector, parameters, split
from tests.cases.case import find
from tests.cases.recipe import Recipe
from tests.cases.roots import PARTS, ROOT
from tests.one_file import modules
from tests.unit.collect.odd import CONTENTS, put_in_place

LOCATED = re.compile(r"\.py:\d+\)")
"""An exception that nobody expected is shown with its line: a defect of ours, not a property of the host."""


def collectors() -> Iterator[tuple[type, Callable[..., Any]]]:
    """Yield each fact with its collector."""
    for name in modules("doctor.collect"):
        for thing in vars(importlib.import_module(name)).values():
            if isinstance(declaration_of(thing), CollectorDeclaration) and thing.__module__ == name:
                yield _returns(thing), thing


FACTS = [fact for fact, _ in collectors()]


class Every(dict[Any, Any]):
    """The same answer to every question, which is noted."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer
        self.asked: set[object] = set()

    def get(self, key: object, default: object = None) -> Any:
        """Return the answer."""
        del default
        self.asked.add(key)
        return self.answer


def crashed(facts: Facts) -> dict[str, str]:
    """Resolve all facts; return those whose collector failed, with its exception."""
    found = {fact.__name__: facts.get(fact) for fact in FACTS}
    return {name: one.reason for name, one in found.items() if isinstance(one, Missing) and LOCATED.search(one.reason)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A healthy root with something of everything."""
    Recipe(problem="any", name="healthy", about="", parts=PARTS).case().build(tmp_path / "host").close()
    return tmp_path / "host"


def live(**answers: Any) -> RecordedAnswers:
    """A running machine with an engine."""
    dockerd = Process(
        pid=42,
        ppid=1,
        start_ticks=100,
        state="S",
        comm="dockerd",
        exe="/usr/bin/dockerd",
        argv=("/usr/bin/dockerd", "-H", "fd://", "--containerd=/run/containerd/containerd.sock"),
        uid=0,
        mount_namespace="mnt:[1]",
        pid_namespace="pid:[1]",
        cgroup="/system.slice/docker.service",
    )
    return RecordedAnswers(**{"live": True, "processes": (dockerd,), "now": 1.8e9, **answers})


def test_the_collectors_are_found() -> None:
    """By walking the room, and again by the rule that the resolver uses: the fact's own place."""
    assert len(FACTS) > 100
    assert len(set(FACTS)) == len(FACTS)
    assert [fact for fact, function in collectors() if find_collector(fact) is not function] == []


def test_an_empty_disk_has_each_fact_or_a_harmless_reason(tmp_path: Path) -> None:
    """Nothing is there, so nothing is denied, hung or corrupt."""
    facts = Facts(RootHost(str(tmp_path)))
    assert crashed(facts) == {}
    harmful = {
        fact.__name__: one for fact in FACTS if isinstance(one := facts.get(fact), Missing) and not one.is_harmless
    }
    assert harmful == {}


COMMANDS = {
    "nothing": CommandResult(0, b"", b""),
    "refusal": CommandResult(1, b"", b"Permission denied (you must be root)\n"),
    "killed": CommandResult(-9, b"half a li", b""),
    "binary": CommandResult(0, bytes(range(256)) * 40, b"\xff"),
    "a number": CommandResult(0, b"7\n", b""),
    "an array": CommandResult(0, b'[{"a": 1}, null, "x", 7]', b""),
    "an object": CommandResult(0, b'{"nftables": [{"chain": null}, {"rule": {"expr": [7]}}, 3]}', b""),
    "separators": CommandResult(0, b"= : | , ; = \n:::\n\t\t\n*filter\n:\n-A\nCOMMIT\n" * 50, b""),
    "one long line": CommandResult(0, b"x" * (1 << 20), b""),
    "numbers": CommandResult(0, b"9" * 5000 + b"\n-1 -1 -1 -1 -1 -1 -1 -1\n", b""),
    "deep": CommandResult(0, b"[" * 100_000, b""),
}


HOSTS = (
    "engine/down/disabled",
    "engine/socket-group-missing/healthy-directory",
    "engine/socket-lost/another",
    "firewall/alternatives-switched/healthy",
    "firewall/bridge-family-drop/healthy-accept",
    "firewall/docker-user-missing/healthy-engine-down",
    "storage/no-d-type/ftype-1",
)
"""Recorded machines that have an answer to every command that a collector runs."""


@pytest.mark.parametrize("name", HOSTS)
def test_commands_may_print_anything(tmp_path: Path, name: str) -> None:
    """One command of a recorded machine after the other prints each of these, and all others what they printed."""
    case = find(name)
    case.build(tmp_path / "host").close()
    answers = case.answers()
    assert answers.commands
    for argv in answers.commands:
        for kind, printed in COMMANDS.items():
            odd = replace(answers, commands={**answers.commands, argv: printed})
            assert crashed(Facts(RootHost(str(tmp_path / "host"), odd))) == {}, (argv, kind)


BODIES = {
    "empty": ApiAnswer(200, b""),
    "error": ApiAnswer(500, b'{"message":"context deadline exceeded"}'),
    "not found": ApiAnswer(404, b"404 page not found\n"),
    "null": ApiAnswer(200, b"null"),
    "a number": ApiAnswer(200, b"7"),
    "an array": ApiAnswer(200, b'[null, 7, "x", {}, {"Id": 7, "Names": null, "State": []}]'),
    "an object": ApiAnswer(200, b'{"ApiVersion": 7, "Containers": "many", "SecurityOptions": 3, "Id": null}'),
    "binary": ApiAnswer(200, bytes(range(256)) * 40),
    "half": ApiAnswer(200, b'[{"Id": "4f2a'),
}


@pytest.mark.parametrize("kind", BODIES)
def test_an_engine_may_answer_anything(root: Path, kind: str) -> None:
    """Every request to the engine is answered with this; more is asked where the engine's own files can't be decoded."""
    engine = Every(BODIES[kind])
    assert crashed(Facts(RootHost(str(root), live(engine=engine)))) == {}
    few = len(engine.asked)
    for name in ("network/files/local-kv.db", "containers/*/config.v2.json"):
        for path in (root / ROOT).glob(name):
            path.write_bytes(CONTENTS["high bytes"])
    assert crashed(Facts(RootHost(str(root), live(engine=engine)))) == {}
    assert len(engine.asked) > few > 0


@pytest.mark.parametrize("why", [Why.DENIED, Why.TIMED_OUT, Why.UNREADABLE])
def test_a_refused_read_is_never_taken_for_absence(root: Path, why: Why) -> None:
    """Every path, command and request is refused: a fact that was there is missing for that, or absent where a fact that it
    is made of records the refusal.
    """
    noted = NotedHost(RootHost(str(root), live()))
    facts = Facts(noted)
    crashed(facts)
    asked = {*noted.notes.looked, *noted.notes.followed, *(f"statfs {path}" for path in noted.notes.followed)}
    asked |= {" ".join(argv) for argv in noted.notes.asked} | {argv[-1] for argv in noted.notes.asked}
    blind = Facts(RootHost(str(root), live(missing=dict.fromkeys(asked, why))))
    assert crashed(blind) == {}
    changed = 0
    silent = []
    for fact, function in collectors():
        before, after = facts.get(fact), blind.get(fact)
        changed += before != after
        if not isinstance(before, Missing) and isinstance(after, Missing) and after.is_harmless:
            sources = [
                blind.get(split(kind, function)[0]) for name, kind in parameters(function).items() if name != "host"
            ]
            where = after.reason.partition(": ")[0]
            # A gap, or a file that is corrupt for that reason.
            records = (f"reason='{where}: {why.value}'", f"problem='{why.value}'")
            if not any(record in repr(source) for source in sources for record in records):
                silent.append((fact.__name__, after.reason))
    assert silent == []
    assert changed > 20


@pytest.fixture(scope="module")
def asked_for(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The paths outside of the data root that collectors look at on an empty, running machine."""
    noted = NotedHost(RootHost(str(tmp_path_factory.mktemp("empty")), live()))
    crashed(Facts(noted))
    return sorted({*noted.notes.looked, *noted.notes.followed} - {"/"})


@pytest.mark.parametrize("kind", [*CONTENTS, "directory", "fifo", "socket", "loop", "dangling", "outside"])
def test_any_node_may_stand_in_any_path(asked_for: list[str], tmp_path: Path, kind: str) -> None:
    """All paths that are asked for exist at once, and are this."""
    assert len(asked_for) > 100
    put = [path for path in asked_for if put_in_place(tmp_path / path.lstrip("/"), kind)]
    assert len(put) > 60
    assert crashed(Facts(RootHost(str(tmp_path), live()))) == {}

"""The table of messages: every line is explained by the check or topic that knows its cause."""

import json
import re
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from doctor.facts.secrets.redact import redact
from doctor.model.declare import CheckDeclaration
from doctor.model.message import LONGEST, KnownMessage, Message, explain, plain
from doctor.plugins.load import load
from doctor.plugins.messages import table, topics

CATALOG = load()
TABLE = table(CATALOG)
HERE = Path(__file__).parent
REPORTS = tomllib.loads((HERE / "reports.toml").read_text(encoding="utf-8"))["report"]
THREADS = tomllib.loads((HERE / "threads.toml").read_text(encoding="utf-8"))["thread"]
LINES = tomllib.loads((HERE / "lines.toml").read_text(encoding="utf-8"))["line"]


def first(line: str) -> str:
    """Return the topic, probe or check that explains a line, "" without one."""
    found = explain(line, TABLE)
    return "" if found is None else found.best.topic or found.best.probe or found.best.checks[0]


@pytest.mark.parametrize("report", REPORTS, ids=[one["id"] for one in REPORTS])
def test_a_public_report_is_explained_by_its_cause(report: dict[str, str]) -> None:
    """Each of the lines that people reported; a report that is not has the reason beside it."""
    assert bool(report.get("missed")) != (first(report["line"]) == report.get("first"))


@pytest.mark.parametrize("thread", THREADS, ids=[one["id"] for one in THREADS])
def test_a_line_of_a_public_thread_is_explained_by_its_cause(thread: dict[str, str]) -> None:
    """The lines were collected before the table knew them; a line without an explanation has the reason beside it."""
    assert bool(thread.get("missed")) != (first(thread["line"]) == thread.get("first"))


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda line: f"Nov 30 01:02:03 box dockerd[812]: {line}",
        lambda line: f"web-1  | {line}",
        lambda line: f'{{"message":{json.dumps(line)}}}',
        lambda line: f'time="2026-11-24T10:00:00Z" level=error msg={json.dumps("x: " + json.dumps(line))} id=4f0c9f',
        lambda line: f'E1219 05:56:59.337946 37131 pod_workers.go:1301] "Error syncing pod" err={json.dumps(line)}',
    ],
    ids=["journal", "compose", "json", "twice", "kubelet"],
)
def test_what_other_programs_put_around_a_line_changes_nothing(wrapped: Callable[[str], str]) -> None:
    """Prefixes, and quotes that each of them escapes once more."""
    lines = [one["line"] for one in (*THREADS, *REPORTS) if "missed" not in one]
    lines += [line for topic in topics() for line in topic.examples]
    assert [line for line in lines if first(wrapped(line)) != first(line)] == []


@pytest.mark.parametrize("release", [(19, 3, 5), (26, 1, 5), (29, 0, 0)], ids=str)
def test_a_line_of_another_host_is_explained_by_its_cause(release: tuple[int, ...]) -> None:
    """A user may paste an old engine's line on a new host: no general message stands above the one of its cause."""
    for report in REPORTS:
        found = explain(report["line"], TABLE, release)
        assert found is not None
        assert (found.best.topic or found.best.probe or found.best.checks[0]) == report["first"], report["id"]


@pytest.mark.parametrize("known", TABLE, ids=[str(number) for number in range(len(TABLE))])
def test_advice_can_be_copied_from_a_finding(known: KnownMessage) -> None:
    """A finding shows the words of a message, and what it shows is redacted: no word of doctor's own may become a mask."""
    for text in (known.message.means, known.message.do):
        assert redact(text) == text.replace("USER:PASSWORD@", "***@")


@pytest.mark.parametrize("entry", LINES, ids=[f"{number}-{one['first']}" for number, one in enumerate(LINES)])
def test_a_line_of_a_program_is_explained(entry: dict[str, str]) -> None:
    """With the words of its source, also as one attribute of a log."""
    assert first(entry["line"]) == entry["first"]
    assert first(f'time="2026-11-24T10:00:00Z" level=error msg="{entry["line"]}"') == entry["first"]
    found = explain(entry["line"], TABLE)
    assert found is None or found.best.message.means.startswith(entry.get("means", ""))


def test_each_example_of_a_check_is_its_own() -> None:
    """No other message is more specific for it, also with a time before it and broken over lines."""
    wrong = []
    for known in TABLE:
        line = f'time="2026-11-24T10:00:00Z" level=error msg="{known.message.example}"'.replace(" ", "\n  ", 2)
        found = explain(line, TABLE)
        if found is None or found.best != known:
            wrong.append((known.checks, known.topic, known.message.example))
    assert wrong == []


def test_each_example_of_a_topic_is_its_own() -> None:
    """All of them, and every topic with a pattern has one."""
    wrong = [(topic.names[0], line) for topic in topics() for line in topic.examples if first(line) != topic.names[0]]
    assert wrong == []
    assert [topic.names[0] for topic in topics() if bool(topic.pattern) != bool(topic.examples)] == []


def test_every_message_leads_to_a_check() -> None:
    """An id that was renamed, or never written, would be a dead end."""
    lost = [(known.message.means, set(known.checks) - set(CATALOG.checks)) for known in TABLE]
    assert [entry for entry in lost if entry[1]] == []
    assert [topic.names for topic in topics() if set(topic.checks) - set(CATALOG.checks)] == []


def test_names_of_topics_are_free() -> None:
    """Each name means one topic, and none hides a check, an area or a probe."""
    names = [name for topic in topics() for name in topic.names]
    names += [name for known in TABLE for name in known.message.names]
    taken = {*CATALOG.checks, *CATALOG.probes, *(name.partition("/")[0] for name in CATALOG.checks)}
    assert len(names) == len(set(names))
    assert set(names).isdisjoint(taken)
    assert [name for name in names if name != " ".join(name.lower().split())] == []


def test_a_topic_without_a_check_has_a_source() -> None:
    """Its statement can be looked up, and says what to do."""
    assert [topic.names[0] for topic in topics() if not topic.source.startswith("https://") or not topic.do] == []


def test_a_message_that_several_causes_fit_says_where_to_look() -> None:
    """A meaning is one sentence without a full stop, in words for a reader who has only this line."""
    for known in TABLE:
        assert not known.message.means.endswith("."), known.message.means
        assert known.message.means, known.checks
        assert len(set(known.checks)) == len(known.checks), known.checks
    for identity in CATALOG.checks:
        declaration = CATALOG.check(identity).declaration
        assert isinstance(declaration, CheckDeclaration)
        assert all(identity not in message.also for message in declaration.messages)


def test_the_end_of_a_line_is_its_cause() -> None:
    """Whatever wraps it; of two matches with one end the longer counts."""
    wrapped = "failed to start daemon: error initializing graphdriver: mkdir /var/lib/docker/overlay2: no space left on device"
    assert first(wrapped) == "resources/disk-full"
    assert first("failed to start daemon: error initializing graphdriver: quux") == "storage/driver-unknown"
    outer = KnownMessage(Message(pattern="address already in use", example="", means="outer"), ("a/b",))
    inner = KnownMessage(Message(pattern="bind: address already in use", example="", means="inner"), ("c/d",))
    found = explain("listen: bind: address already in use", (outer, inner))
    assert found is not None
    assert [known.message.means for known in found.known] == ["inner", "outer"]


def test_an_ordinary_line_means_nothing() -> None:
    """A log of an engine that starts, works and stops is not explained."""
    said = """
    level=info msg="Starting up"
    level=info msg="containerd not running, starting managed containerd"
    level=info msg="Loading containers: start."
    level=info msg="Default bridge (docker0) is assigned with an IP address 172.17.0.0/16. Daemon option --bip can be used to set a preferred IP address"
    level=info msg="Docker daemon" commit=8e96db1 containerd-snapshotter=false storage-driver=overlay2 version=26.1.5
    level=info msg="API listen on /run/docker.sock"
    level=info msg="ignoring event" container=4f0c9f module=libcontainerd namespace=moby topic=/tasks/delete type="*events.TaskDelete"
    level=info msg="Processing signal 'terminated'"
    Docker Application Container Engine was started and is ready
    """
    assert [line for line in said.strip().split("\n") if first(line)] == []


@pytest.mark.parametrize(
    "text",
    [
        "/" * 100_000,
        "error creating overlay mount to " * 10_000,
        "iptables failed: iptables DNAT " * 10_000,
        "a" * 50_000 + "\x1b[31m\x00" * 10_000,
        "exec: " * 20_000,
        "lookup x on 1:53: read udp " * 5_000,
        "(" * 50_000 + "\ud800" * 5_000,
    ],
)
def test_a_hostile_line_is_bounded(text: str) -> None:
    """No pattern goes wild on the characters that are searched."""
    explain("x", TABLE)
    started = time.process_time()
    explain(text, TABLE)
    explain(text[:LONGEST], TABLE)
    assert time.process_time() - started < 1.0
    assert LONGEST <= 4096


@pytest.mark.parametrize("known", TABLE, ids=[str(number) for number in range(len(TABLE))])
def test_a_pattern_is_bounded_on_lines_of_its_own_words(known: KnownMessage) -> None:
    """A hostile line repeats what a pattern begins with and leaves out its end."""
    pattern = re.compile(known.message.pattern, re.IGNORECASE)
    words = [one for one in re.split(r"\W+", known.message.example) if one]
    pieces = [
        f"{known.message.example} ",
        f"{known.message.example[:20]} ",
        *(f"{word} " for word in words[:4]),
        words[0],
    ]
    texts = [
        *(piece * (LONGEST // len(piece)) for piece in pieces),
        *(words[0] + one * LONGEST for one in (" a", "\0", '\\"')),
    ]
    started = time.process_time()
    for text in texts:
        explain(text, (known,))
        assert len([*pattern.finditer(text[:LONGEST])]) <= LONGEST
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "run", ["\\" * 1_000_000, '\\"' * 500_000, "\\n" * 500_000, "\0" * 1_000_000], ids=["slash", "quote", "n", "nul"]
)
def test_escapes_without_end_are_bounded(run: str) -> None:
    """They are removed in one pass."""
    started = time.process_time()
    plain(run)
    explain(f"docker: {run}", TABLE)
    assert time.process_time() - started < 3.0


@pytest.mark.parametrize("before", ["http://u:", "password=", "Authorization: Bearer ", '"token":"'])
def test_of_a_long_line_no_part_of_a_secret_is_shown(before: str) -> None:
    """Only the end of such a line is searched, so the name of a secret may be cut off, and its rest would not be masked."""
    found = explain(f"failed to start daemon: {before}{'s3cret' * 1000}@x: no space left on device", TABLE)
    assert found is not None
    assert found.best.checks[0] == "resources/disk-full"
    assert "s3cret" not in found.line


def test_a_pattern_that_is_none_hides_no_other_message() -> None:
    """A plugin may have a regular expression with a mistake."""
    wrong = KnownMessage(Message(pattern="(", example="", means="wrong"), ("a/b",))
    found = explain("no space left on device", (wrong, *TABLE))
    assert found is not None
    assert found.best.checks[0] == "resources/disk-full"


def test_patterns_are_text_until_a_line_is_matched() -> None:
    """A declaration compiles nothing: a scan of a healthy host needs no pattern."""
    assert all(isinstance(known.message.pattern, str) for known in TABLE)
    assert [known.checks for known in TABLE if re.compile(known.message.pattern).search("")] == []

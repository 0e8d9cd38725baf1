"""Notifications of scheduled scans, night after night: nothing is lost, nothing is repeated, nothing fails a scan."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from doctor.model.severity import Severity
from doctor.notify import memory, scheduled, send
from doctor.notify.scheduled import Begun
from doctor.notify.send import Parcel
from tests.unit.notify.kit import DAY, HOST, NASTY, ONE, START, TWO, Post, finding, night, notice, route, scan

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schema/notification.schema.json").read_text())


def test_each_recipient_hears_each_change_once(post: Post) -> None:
    night(scan(finding()), 0, ONE, TWO)
    assert post.news() == [("mailto", ["new web"]), ("https", ["new web"])]
    for number in (1, 2, 3):
        night(scan(finding()), number, ONE, TWO)
    assert post.news() == []
    night(scan(), 4, ONE, TWO)
    assert post.news() == [("mailto", ["resolved web"]), ("https", ["resolved web"])]


def test_a_later_recipient_hears_what_is_there(post: Post) -> None:
    night(scan(finding()), 0)
    night(scan(finding()), 1, ONE)
    assert post.news() == [("mailto", ["new web"])]
    night(scan(finding()), 2, ONE)
    assert post.news() == []


def test_a_recipient_may_want_only_the_worst(post: Post) -> None:
    night(scan(finding()), 0, replace(ONE, least="critical"), TWO)
    assert post.news() == [("https", ["new web"])]


def test_who_wants_only_the_worst_hears_of_scans_that_saw_nothing(post: Post) -> None:
    pager = replace(ONE, least="critical")
    scheduled.could_not_run("setting 'x' is unknown", HOST, "0.1.0", (pager,))
    assert post.news() == [("mailto", ["new this host"])]
    night(scan(ran="error"), 1, pager)
    assert post.news() == [("mailto", ["new this host", "resolved this host"])]


def test_who_heard_of_the_worst_hears_of_its_end(post: Post) -> None:
    """Although it was less bad in between, as a disk that is being emptied."""
    pager = replace(ONE, least="critical")
    for number, level in enumerate((Severity.CRITICAL, Severity.WARNING, Severity.WARNING)):
        night(scan(finding(severity=level), finding("b", severity=Severity.WARNING)), number, pager)
    assert post.news() == [("mailto", ["new web"])]
    night(scan(), 3, pager)
    assert post.news() == [("mailto", ["resolved web"])]


def test_a_killed_doctor_repeats_and_loses_nothing(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the record and the delivery."""

    def die(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scheduled, "deliver", die)
    with pytest.raises(KeyboardInterrupt):
        night(scan(finding()), 0, ONE)
    monkeypatch.setattr(scheduled, "deliver", post.deliver)
    night(scan(finding()), 1, ONE)
    assert post.news() == [("mailto", ["new web"])]


def test_a_full_disk_is_no_silence(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The news is sent, says that it will be repeated, and the scan has its result."""
    monkeypatch.setattr(memory, "save", lambda _: "/x/notified.json: No space left on device")
    for number in (0, 1):
        ended = night(scan(finding()), number, ONE)
        assert ended.notes == (
            "what is notified can't be recorded, so it will be repeated: /x/notified.json: No space left on device",
        )
        assert "No space left" in post.sent[0][2].notice.notes[0]
        assert post.news() == [("mailto", ["new web"])]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 1, "known": 3}', b"\xff" * 9, b"[" * 100_000, b"null"]
)
def test_a_corrupt_record_is_kept_aside(post: Post, content: bytes) -> None:
    """Everything is new then, and a note says why."""
    night(scan(finding()), 0, ONE)
    post.news()
    Path(memory.place()).write_bytes(content)
    (note,) = night(scan(finding()), 1, ONE).notes
    assert "every problem counts as new" in note
    assert post.news() == [("mailto", ["new web"])]
    assert any(".damaged-" in name for name in os.listdir(os.path.dirname(memory.place())))


def test_a_record_of_a_newer_doctor_is_left_alone_and_nobody_left_out(post: Post) -> None:
    """A repetition each night is better than silence; it says why."""
    night(scan(), 0)
    Path(memory.place()).write_bytes(b'{"version": 2}')
    for number in (1, 2):
        begun = _begun(number)
        os.close(memory._held.pop())
        (note,) = night(scan(finding()), number, ONE, begun=begun).notes
        assert "so it will be repeated: " in note
        assert "a newer doctor wrote" in note
        assert post.sent[0][2].notice.notes == (note,)
        assert post.news() == [("mailto", ["new web"])]
    assert scheduled.could_not_run("setting 'x' is unknown", HOST, "0.1.0", (ONE,)) == (note,)
    assert post.news() == [("mailto", ["new this host"])]
    assert Path(memory.place()).read_bytes() == b'{"version": 2}'


def test_an_upgrade_that_renames_a_check_is_no_news(post: Post) -> None:
    night(scan(finding(identity="state/old")), 0, ONE, checks=frozenset({"state/old"}))
    assert post.news() == [("mailto", ["new web"])]
    night(scan(finding()), 1, ONE)
    assert post.news() == []


def test_a_host_may_be_called_anything(post: Post) -> None:
    """It arrives as the published schema says; the record holds the bytes of the names."""
    hostile = replace(scan(finding(NASTY, message=NASTY), host=replace(HOST, name=NASTY)), notes=(NASTY,))
    night(hostile, 0, ONE)
    night(hostile, 1, ONE)
    assert len(post.sent) == 1
    document = json.loads(post.sent[0][2].notice.document())
    Draft202012Validator(SCHEMA).validate(document)
    assert "\x1b" not in document["subject"]
    assert "\n" not in document["subject"]


def test_the_schema_describes_every_key() -> None:
    """And is one that refuses something."""
    Draft202012Validator.check_schema(SCHEMA)
    assert not Draft202012Validator(SCHEMA).is_valid({})
    document = json.loads(notice(finding()).document())
    Draft202012Validator(SCHEMA).validate(document)
    Draft202012Validator(SCHEMA).validate(json.loads(notice(is_test=True).document()))
    assert set(document) == set(SCHEMA["properties"])
    assert set(document["news"][0]) == set(SCHEMA["$defs"]["news"]["properties"])
    assert set(document["scan"]) == set(SCHEMA["$defs"]["scan"]["properties"])
    assert set(document["host"]) == set(SCHEMA["properties"]["host"]["properties"])


# Scans that do not run


def _begun(number: float) -> Begun:
    """Begin the scan of that night in a process of its own: the one before has ended."""
    while memory._held:
        os.close(memory._held.pop())
    return scheduled.begin(START + number * DAY)


def test_a_scan_that_did_not_run_is_news_of_the_next(post: Post) -> None:
    """Once; a timer that is late by an hour misses nothing."""
    night(scan(), 0, ONE, begun=_begun(0))
    night(scan(), 1.04, ONE, begun=_begun(1.04))
    assert post.news() == []
    night(scan(), 4, ONE, begun=_begun(4))
    (sent,) = post.sent
    assert sent[1] == ["missed this host"]
    assert "no scheduled scan ran for 2 days" in sent[2].notice.news[0].problem.message
    post.news()
    night(scan(), 5, ONE, begun=_begun(5))
    assert post.news() == []


def test_a_scan_that_can_not_run_is_news_in_the_same_night(post: Post) -> None:
    """Once, however many nights; it is resolved by one that runs, which shows the rest."""
    night(scan(finding()), 0, ONE)
    post.news()
    for _ in range(3):
        assert scheduled.could_not_run("setting 'x' is unknown", HOST, "0.1.0", (ONE, TWO)) == ()
    sent = post.sent[0][2].notice
    Draft202012Validator(SCHEMA).validate(json.loads(sent.document()))
    assert sent.news[0].problem.message == "scheduled scans can't run: setting 'x' is unknown"
    assert post.news() == [("mailto", ["new this host"]), ("https", ["new web", "new this host"])]
    night(scan(finding()), 3, ONE, TWO)
    assert post.news() == [("mailto", ["resolved this host"]), ("https", ["resolved this host"])]


def test_a_scan_that_can_not_run_is_told_until_it_arrives(post: Post) -> None:
    """A mail server that is down in the first night would else cost a week of silence."""
    post.refusing = {ONE.to}
    (note,) = scheduled.could_not_run("setting 'x' is unknown", HOST, "0.1.0", (ONE, TWO))
    assert "it is kept for the next scan: alpha: 1 new" in note
    post.news()
    post.refusing = set()
    for expected in ([("mailto", ["new this host"])], []):
        assert scheduled.could_not_run("setting 'x' is unknown", HOST, "0.1.0", (ONE, TWO)) == ()
        assert post.news() == expected


def test_a_scan_that_was_killed_is_news_of_the_next(post: Post) -> None:
    night(scan(), 0, ONE, begun=_begun(0))
    _begun(1)
    os.close(memory._held.pop())
    begun = _begun(2)
    assert begun.missed.startswith("the scheduled scan of ")
    assert "did not end" in begun.missed
    assert "the last that ended is of " in begun.missed
    os.close(memory._held.pop())


def test_scans_that_are_killed_each_night_are_not_silent(post: Post) -> None:
    """None of them reaches its end: each sends the news of the one before. A delivery that fails is repeated at the end."""
    night(scan(finding()), 0, ONE, begun=_begun(0))
    post.news()
    for number in (1, 2, 3):
        begun = _begun(number)
        assert begun.is_killed is (number > 1)
        post.refusing = {ONE.to} if number == 3 else set()
        if begun.is_killed:
            begun = scheduled.killed(begun, HOST, "0.1.0", (ONE,))
            assert post.news() == [("mailto", ["missed this host"])]
    assert not memory.load([]).last.started > START  # type: ignore[union-attr]
    post.refusing = set()
    night(scan(finding()), 3, ONE, begun=begun)
    assert post.news() == [("mailto", ["missed this host"])]
    assert _begun(4).missed == ""
    os.close(memory._held.pop())


def test_two_scans_at_once_are_neither_missed_nor_killed(post: Post) -> None:
    """The later one sends nothing that the first has sent; the older one's news are not from after it."""
    first, code = _begun(0), "from doctor.notify import scheduled; print(repr(scheduled.begin(9e9).missed))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "''\n"
    night(scan(finding()), 0.01, ONE)
    night(scan(), 0, ONE, begun=first)
    assert post.news() == [("mailto", ["new web"])]
    os.close(memory._held.pop())


def test_the_second_waits_until_the_first_has_notified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But not forever."""
    monkeypatch.setattr(memory, "_WAIT_S", 0.3)
    code = "import time\nfrom doctor.notify import memory\nwith memory.alone():\n print('held', flush=True)\n time.sleep(30)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        begin = time.monotonic()
        with memory.alone():
            assert 0.25 < time.monotonic() - begin < 10
        holder.kill()


@pytest.mark.parametrize("jump", [-3000, 4000])
def test_a_clock_that_jumps_misses_nothing(post: Post, jump: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next scan claims no years without scans, and remarks on the clock; later ones are as ever."""
    night(scan(finding()), 0, ONE, begun=_begun(0))
    os.close(memory._held.pop())
    post.news()
    begun = _begun(jump)
    os.close(memory._held.pop())
    assert begun.missed == ""
    monkeypatch.setattr(scheduled, "time", SimpleNamespace(time=lambda: START + jump * DAY))
    night(scan(finding()), jump, ONE, begun=begun)
    post.news()
    night(scan(finding("b")), jump + 1, ONE)
    assert post.news() == [("mailto", ["new b", "resolved web"])]


def test_metrics_show_when_the_next_scan_is_late(post: Post) -> None:
    ended = night(scan(), 0)
    expected = int(START + DAY + 3 * 3600)
    assert f"doctor_scan_expected_by_timestamp_seconds {expected}" in ended.metrics.decode().replace(".", " ")
    memory.installed("hourly", START)
    assert memory.load([]).expected_by == START + 3600 + 1800
    memory.installed("", START)
    assert b"expected_by" not in scheduled.metrics(memory.load([]))


# Deliveries


def test_a_way_that_fails_or_hangs_harms_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even with an error that nobody foresaw."""

    class Module:
        def __init__(self, body: Callable[[Parcel], None]) -> None:
            self.send = body

    def crash(_: Parcel) -> None:
        raise RecursionError("deep")

    bodies = {"a": crash, "b": lambda _: time.sleep(30), "c": lambda _: None}
    monkeypatch.setattr(send, "_limit", lambda _: 0.2)
    monkeypatch.setattr("doctor.notify.recipients.Delivery.module", lambda self: Module(bodies[self.place[0]]))
    parcels = [Parcel(delivery=route(f"mailto:{one}@x"), notice=notice()) for one in "abc"]
    results = send.deliver(tuple(parcels))
    assert [one.error for one in results] == ["RecursionError: deep", "no answer within 0 s", ""]

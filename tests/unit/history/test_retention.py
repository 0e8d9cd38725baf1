"""The limits of the history, and what a disk or another program can do to it: a scan is never lost for it."""

import os
import signal
import sqlite3
import stat
import subprocess
import time
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.cli.commands.scan import _keep
from doctor.cli.common import SharedOptions
from doctor.history import body, retention
from doctor.history.schema import _MIGRATIONS
from doctor.history.store import NAME, History
from doctor.model.finding import Seen
from doctor.model.report import HostInfo, ScanReport
from doctor.plugins.catalog import Catalog
from doctor.state.settings import Keep, Settings
from tests.unit.history.test_lives import DAY, HOST, NOW, finding, scan, seen

PLAIN = SharedOptions(verbose=False, quiet=True, colour=False)


def filled(directory: Path, days: int = 3) -> None:
    """Keep a scan a day."""
    with History(str(directory)) as history:
        for day in range(days):
            history.keep(scan("a", day))
        assert history.notes == []


def kept_anyway(directory: Path, monkeypatch: pytest.MonkeyPatch) -> ScanReport:
    """Keep a scan as the command does; its verdict is that of the scan, whatever happened to the history."""
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(directory))
    report = scan("a", 9)
    shown = _keep(report, PLAIN, Settings(), Catalog(checks={}), only=True)
    assert (shown.verdict.state, shown.exit_code) == (report.verdict.state, report.exit_code)
    return shown


def test_the_oldest_go_if_the_file_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest scan of each host stays, also if it alone is too large; free pages go back to the file system."""
    monkeypatch.setattr(retention, "_MIB", 1 << 16)
    monkeypatch.setattr(retention, "_SPARE_BYTES", 1 << 14)

    def noisy(day: float, number: int = 10, host: HostInfo = HOST) -> ScanReport:
        return scan(more=[finding(os.urandom(48).hex()) for _ in range(number)], day=day, host=host)

    with History(str(tmp_path)) as history:
        history.keep(noisy(0, host=HostInfo(name="beta")), Keep(max_mib=1))
        for day in range(40):
            history.keep(noisy(day), Keep(max_mib=1))
        assert (tmp_path / NAME).stat().st_size < 3 << 16 >> 1
        kept = history.scans()
        assert [one.host for one in kept].count("beta") == 1
        assert [one.started for one in kept][-1] == NOW + 39 * DAY
        assert 2 <= len(kept) < 20
        assert history.notes == []
    with History(str(tmp_path / "huge")) as history:
        for day in range(2):
            history.keep(noisy(day, 400), Keep(max_mib=1))
        assert (len(history.scans()), history.notes) == (1, [])


def test_free_pages_are_returned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the write that frees them, without a copy of the file."""
    monkeypatch.setattr(retention, "_SPARE_BYTES", 0)
    with History(str(tmp_path)) as history:
        for day in range(10):
            history.keep(scan(more=[finding(os.urandom(4096).hex()) for _ in range(20)], day=day))
        before = (tmp_path / NAME).stat().st_size
        history.keep(scan(day=10), Keep(scans=1))
        assert (tmp_path / NAME).stat().st_size < before / 4


def test_a_locked_history_costs_two_seconds_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds it: the scan is shown, and not kept."""
    monkeypatch.setattr("doctor.history.store._PATIENCE_S", 0.1)
    filled(tmp_path)
    connect, waits = sqlite3.connect, []

    def counting(path: str, *, timeout: float, uri: bool) -> sqlite3.Connection:
        waits.append(timeout)
        return connect(path, timeout=timeout, uri=uri)

    holder = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", counting)
        shown = kept_anyway(tmp_path, monkeypatch)
    assert waits == [0.1, 0.0, 0.0]
    assert any("this scan is not kept" in note and "locked" in note for note in shown.notes)
    holder.execute("ROLLBACK")
    # A reader that holds it for long stops the write alone.
    holder.execute("BEGIN")
    holder.execute("SELECT * FROM scan").fetchone()
    shown = kept_anyway(tmp_path, monkeypatch)
    assert seen(shown).scans == 4
    assert [note.partition(":")[0] for note in shown.notes] == ["this scan is not kept"]
    holder.close()


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The knowledge of earlier scans is shown, and the history is as it was."""
    filled(tmp_path)
    before = (tmp_path / NAME).read_bytes()
    connect = sqlite3.connect

    def small(*arguments: object, **more: object) -> sqlite3.Connection:
        connection = connect(*arguments, **more)  # type: ignore[call-overload]
        connection.execute(f"PRAGMA max_page_count = {len(before) // 4096}")
        assert isinstance(connection, sqlite3.Connection)
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    monkeypatch.setenv("DOCTOR_STATE_DIR", str(tmp_path))
    noise = [finding(os.urandom(4096).hex()) for _ in range(20)]
    shown = _keep(scan("a", 9, more=noise), PLAIN, Settings(), Catalog(checks={}), only=False)
    assert seen(shown) == Seen(first=NOW, since=NOW, scans=4)
    assert [note for note in shown.notes if "database or disk is full" in note] != []
    monkeypatch.undo()
    with History(str(tmp_path)) as history:
        assert len(history.scans()) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="file systems can only be mounted as root")
@pytest.mark.parametrize("is_old", [False, True])
def test_a_disk_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_old: bool) -> None:
    """It is read, also the history of an older doctor, which is brought up to date in memory."""
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "doctor-test", str(tmp_path)), check=True)
    try:
        directory = old(tmp_path, scan("a", 0), scan("a", 1), scan("a", 2)) if is_old else tmp_path
        if not is_old:
            filled(tmp_path)
        subprocess.run(("mount", "-o", "remount,ro", str(tmp_path)), check=True)
        shown = kept_anyway(directory, monkeypatch)
    finally:
        subprocess.run(("umount", "-l", str(tmp_path)), check=True)
    assert seen(shown).scans == 4
    assert [note.partition(":")[0] for note in shown.notes] == ["this scan is not kept"]


def test_any_damage_is_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut anywhere, each page overwritten, another program's database: the scan is shown, with a note or without."""
    filled(tmp_path / "whole")
    whole = (tmp_path / "whole" / NAME).read_bytes()
    versions = [whole[:cut] for cut in (0, 1, 99, 4095, 4096, 8192, len(whole) - 1)]
    versions += [whole[:start] + os.urandom(4096) + whole[start + 4096 :] for start in range(0, len(whole), 4096)]
    versions.append(whole[:60] + b"\x00\x00\x00\x63" + whole[64:])
    for number, content in enumerate(versions):
        directory = tmp_path / str(number)
        directory.mkdir(mode=0o700)
        (directory / NAME).write_bytes(content)
        (directory / NAME).chmod(0o600)
        shown = kept_anyway(directory, monkeypatch)
        assert [one.subject.name for one in shown.findings] == ["a"]


def test_no_limit_of_the_settings_loses_a_scan(tmp_path: Path) -> None:
    """The settings take any whole number; SQLite does not."""
    with History(str(tmp_path)) as history:
        assert history.record(scan("a", 0), Keep(days=10**30, scans=10**30, max_mib=10**30)) == 1
        assert history.notes == []


@pytest.mark.parametrize("started", ["NULL", "'yesterday'", "x'ff'", "1e999"])
def test_tables_with_other_types_lose_no_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: str) -> None:
    """Another program, or a hand, can give today's tables any content."""
    with closing(sqlite3.connect(tmp_path / NAME)) as connection, connection:
        connection.execute(
            "CREATE TABLE scan (number INTEGER PRIMARY KEY, host, root, started, exit_code, counts, body)"
        )
        connection.execute("CREATE TABLE life (host, root, fingerprint, id, is_there, last, body)")
        connection.execute("CREATE INDEX life_there ON life (host, root) WHERE is_there = 1")
        connection.execute("CREATE TABLE searched (checks)")
        rows = f"(1, 'alpha', '/', {started}, 'x', 7, NULL), (2, 'alpha', '/', {started}, NULL, x'ff', 12), (3, 'alpha', '/', 1.0, 1, '[]', 'x')"  # fmt: skip
        connection.execute(f"INSERT INTO scan VALUES {rows}")
        connection.execute("PRAGMA user_version = 2")
    (tmp_path / NAME).chmod(0o600)
    shown = kept_anyway(tmp_path, monkeypatch)
    assert [one.subject.name for one in shown.findings] == ["a"]
    with History(str(tmp_path)) as history:
        history.scans()
        history.last()


def old(directory: Path, *reports: ScanReport) -> Path:
    """A history of schema 1 with these scans."""
    with History(str(directory / "new")) as history:
        for report in reports:
            history.record(report)
    source = sqlite3.connect(directory / "new" / NAME)
    directory = directory / "old"
    directory.mkdir(mode=0o700)
    target = sqlite3.connect(directory / NAME)
    for statement in _MIGRATIONS[0]:
        target.execute(statement)
    for row in source.execute("SELECT * FROM scan"):
        target.execute("INSERT INTO scan VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    target.execute("UPDATE scan SET counts = '{\"error\": 1}'")
    target.execute("PRAGMA user_version = 1")
    target.commit()
    target.close()
    source.close()
    (directory / NAME).chmod(0o600)
    return directory


def test_a_history_of_an_older_doctor_is_replayed(tmp_path: Path) -> None:
    """Since when a finding is there is known at once; a scan that can't be read is left out."""
    directory = old(tmp_path, scan("a", 0), scan("", 1), scan("a", 2), scan("ab", 3))
    connection = sqlite3.connect(directory / NAME)
    connection.execute("UPDATE scan SET body = x'00' WHERE number = 4")
    connection.commit()
    connection.close()
    with History(str(directory)) as history:
        shown = history.keep(scan("ab", 4))
        assert seen(shown) == Seen(first=NOW, since=NOW + 2 * DAY, times=2, scans=2)
        assert seen(shown, "b") == Seen(first=NOW + 4 * DAY, since=NOW + 4 * DAY)
        assert [(one.state, one.plus) for one in history.scans()] == [("", None)] * 4 + [("problems", 1)]
        assert history.notes == []


def test_an_older_history_is_read_where_it_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a copy in memory; the file is not touched."""
    directory = old(tmp_path, scan("a", 0), scan("a", 1))
    before = (directory / NAME).read_bytes()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    with History(str(directory)) as history:
        assert len(history.rows(HOST)) == 2
        assert seen(history.named(2) or scan()).scans == 2
        assert history.notes == []
    assert (directory / NAME).read_bytes() == before
    assert stat.S_IMODE((directory / NAME).stat().st_mode) == 0o600


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that unfolds to gigabytes is cut off, and does not hold a scan."""
    filled(tmp_path)
    monkeypatch.setattr(body, "_LIMIT_BYTES", 1 << 16)
    bomb = zlib.compress(b" " * (1 << 20) + b"{}")
    connection = sqlite3.connect(tmp_path / NAME)
    connection.execute("UPDATE scan SET body = ? WHERE number = 2", (bomb,))
    connection.commit()
    connection.close()
    with History(str(tmp_path)) as history:
        assert history.named(2) is None
        assert "can't read a scan of the history" in history.notes[0]


def test_a_newest_scan_of_a_host_stays(tmp_path: Path) -> None:
    """However old it is: it is the last that is known about this host."""
    with History(str(tmp_path)) as history:
        history.record(scan("a", 0, host=replace(HOST, name="gone")), Keep(days=3), now=NOW)
        for day in range(1, 30):
            history.record(scan("a", day), Keep(days=3), now=NOW + day * DAY)
        assert [one.host for one in history.scans()] == ["gone", *["alpha"] * 4]


def test_few_corrupt_histories_are_kept(tmp_path: Path) -> None:
    """A disk that fails each night must not be filled with them."""
    for night in range(8):
        (tmp_path / f"{NAME}.damaged-2027011{night}T020000Z-7").write_bytes(b"")
    (tmp_path / NAME).write_bytes(b"\xff" * 8192)
    (tmp_path / NAME).chmod(0o600)
    with History(str(tmp_path)) as history:
        history.keep(scan("a"))
    damaged = sorted(one for one in os.listdir(tmp_path) if ".damaged-" in one)
    assert len(damaged) == 4
    assert [one.partition("-2027")[2][:4] for one in damaged if "-2027" in one][-1] == "0117"


def test_killed_at_any_instant_scan_and_lives_agree(tmp_path: Path) -> None:
    """Both are one transaction."""
    filled(tmp_path, 1)
    for number in range(10):
        child = os.fork()
        if not child:
            try:
                with History(str(tmp_path)) as history:
                    for day in range(1000):
                        history.keep(scan("a", 1 + day))
            finally:
                os._exit(0)
        time.sleep(0.02 + number * 0.007)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with History(str(tmp_path)) as history:
            shown = history.keep(scan("a", number))
            assert seen(shown).scans == len(history.scans(limit=-1))
            assert history.notes == []

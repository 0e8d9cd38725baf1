"""``doctor schedule`` with recipients: installed, shown, tried, removed; a scan is worth more than its notification."""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.cli.commands import units
from doctor.cli.commands.schedule import command as schedule
from doctor.cli.commands.schedule import status
from doctor.cli.common import SharedOptions
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.notify import memory, send, tls
from doctor.notify.recipients import installed_file
from doctor.notify.ways import journal
from tests.one_file import interpreter_of

SAY = SharedOptions(verbose=False, quiet=False, colour=False)
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can install a schedule")


@pytest.fixture
def cron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> schedule.Places:
    """A host with cron, without systemd and without a journal."""
    for name in ("cron.d", "bin", "etc"):
        (tmp_path / name).mkdir()
    tmp_path.chmod(0o755)
    (tmp_path / "bin/doctor").touch(0o755)
    (tmp_path / "etc/doctor.toml").touch()
    monkeypatch.setattr(sys, "executable", interpreter_of(tmp_path / "bin/doctor"))
    monkeypatch.setattr(journal, "SOCKET", str(tmp_path / "no-journal"))
    monkeypatch.setattr(send, "_PAUSES_S", (0.0, 0.0))
    monkeypatch.setenv("DOCTOR_CONFIG", str(tmp_path / "etc/doctor.toml"))
    return schedule.Places(
        units=str(tmp_path / "no-units"),
        cron=str(tmp_path / "cron.d/doctor"),
        systemd=str(tmp_path / "no-systemd"),
        stamp=str(tmp_path / "no-stamp"),
    )


def test_recipients_come_stay_and_go(cron: schedule.Places, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are in a root-only file, in no unit and no crontab; a second installation without them keeps them."""
    words = (f"nagios:{tmp_path}/nagios", f"textfile:{tmp_path}/doctor.prom")
    schedule.install(SAY, notify=words, places=cron)
    assert f"changes are sent to {words[0]}, {words[1]}; 'doctor schedule test-notify' tries that" in re_spelled(capsys)
    assert "nagios" not in Path(cron.cron).read_text()
    assert os.stat(installed_file()).st_mode & 0o777 == 0o600
    schedule.install(SAY, every="hourly", places=cron)
    assert words[0] in capsys.readouterr().out
    assert memory.load([]).every == "hourly"
    schedule.install(SAY, notify=("none",), places=cron)
    assert "nobody is notified" in capsys.readouterr().out
    assert not os.path.exists(installed_file())
    schedule.install(SAY, notify=words[:1], places=cron)
    schedule.remove(SAY, places=cron)
    assert os.listdir(tmp_path / "etc") == ["doctor.toml"]
    assert memory.load([]).every == ""
    assert memory.load([]).expected_by == 0


def test_a_host_without_a_running_cron_is_named(
    cron: schedule.Places, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its directory is there on every Debian, and a file in it starts nothing."""
    (tmp_path / "proc/7").mkdir(parents=True)
    places = replace(cron, processes=str(tmp_path / "proc"))
    for comm, is_named in (("cron-helper\n", True), ("cron\n", False)):
        (tmp_path / "proc/7/comm").write_text(comm)
        schedule.install(SAY, places=places)
        status.run(SAY, places=places)
        found = capsys.readouterr().err.count("cron does not run on this host, so no scan starts")
        assert found == (2 if is_named else 0)


def re_spelled(capsys: pytest.CaptureFixture[str]) -> str:
    """The output with doctor's commands as in the source."""
    return capsys.readouterr().out.replace(f"'{sys.executable.rpartition('/')[0]}/doctor ", "'doctor ")


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("journal", "no systemd journal"),
        ("slack", "known are command"),
        ("command:/none", "does not exist"),
        ("https://u:hunter2@h/", "contains a login"),
        ("smtp://h/", "no e-mail address"),
        ("textfile:/none/x.prom", "create it first"),
    ],
)
def test_a_recipient_that_can_not_work_stops_the_installation(cron: schedule.Places, word: str, says: str) -> None:
    """Before anything is written."""
    with pytest.raises(DoctorError, match=says) as caught:
        schedule.install(SAY, notify=(word,), places=cron)
    assert "hunter2" not in str(caught.value)
    assert isinstance(caught.value, UsageError | RefusedError | DoctorError)
    assert not os.path.exists(cron.cron)
    assert not os.path.exists(installed_file())


def test_a_test_is_sent_and_its_end_shown(
    cron: schedule.Places, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page"
    page.write_text(f'#!/bin/sh\ncat > {tmp_path}/in; [ "$DOCTOR_TEST" = 1 ]\n')
    page.chmod(0o755)
    with pytest.raises(UsageError, match="nobody is notified"):
        status.test_notify(SAY)
    schedule.install(SAY, notify=(f"command:{page}", "smtp://127.0.0.1:1/?to=ops@example.com"), places=cron)
    capsys.readouterr()
    assert status.test_notify(SAY) == 3
    shown = capsys.readouterr().out
    assert f"sent a test to command:{page}" in shown
    says = "curl: (7) " if shutil.which("curl") and not tls.is_there() else "can't deliver it: Connection refused"
    assert f"failed: smtp://127.0.0.1:1/…: {says}" in shown
    assert "(3 attempts)" in shown
    document = json.loads((tmp_path / "in").read_bytes())
    assert (document["test"], document["news"]) == (True, [])
    assert "test of doctor's notifications" in document["subject"]


PYTHON = sys.executable
SCAN = "import sys; from doctor.cli.entry import main; sys.argv[1:] = ['scan', '--scheduled']; raise SystemExit(main())"


def scheduled_scan(output: int = subprocess.PIPE, **more: str) -> subprocess.CompletedProcess[str]:
    """Scan as cron does."""
    environment = {key: value for key, value in os.environ.items() if key != "JOURNAL_STREAM"}
    return subprocess.run(
        [PYTHON, "-c", SCAN],
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=environment | more,
    )


def test_status_shows_the_news_that_nobody_got(
    cron: schedule.Places, tmp_path: Path, capsys: pytest.CaptureFixture[str], state_dir: Path
) -> None:
    """The scan has its exit code, its history and its page; standard error and the status show the failure."""
    before = scheduled_scan()
    page = tmp_path / "page"
    page.write_text("#!/bin/sh\necho no route to the pager >&2; exit 7\n")
    page.chmod(0o755)
    schedule.install(SAY, notify=(f"command:{page}", f"nagios:{tmp_path}/nagios"), places=cron)
    done = scheduled_scan()
    assert done.returncode == before.returncode
    assert done.stdout == ""
    # On a machine without a single problem, there is nothing to send.
    is_news = done.returncode != 0
    assert ("exited with 7: no route to the pager; it is kept for the next scan" in done.stderr) is is_news
    assert "PROCESS_SERVICE_CHECK_RESULT" in (tmp_path / "nagios").read_text()
    assert (state_dir / "report.html").exists()
    capsys.readouterr()
    assert status.run(SAY, places=cron) == (3 if is_news else 0)
    shown = capsys.readouterr().out
    assert "last scheduled scan: 20" in shown
    assert ("no route to the pager; kept for the next scan: " in shown) is is_news
    assert f"notification of nagios:{tmp_path}/nagios: delivered 20" in shown
    assert f"\nnext {dt.datetime.now().astimezone():%Y}"[:5] in shown


def test_wrong_settings_reach_the_recipients_of_the_installation(cron: schedule.Places, tmp_path: Path) -> None:
    """The exit code is that of wrong settings; two nights are one piece of news."""
    page = tmp_path / "page"
    page.write_text(f"#!/bin/sh\ncat >> {tmp_path}/in\n")
    page.chmod(0o755)
    schedule.install(SAY, notify=(f"command:{page}",), places=cron)
    (tmp_path / "etc/doctor.toml").write_text("fail-onn = 1\n")
    for _ in range(2):
        done = scheduled_scan()
        assert done.returncode == 2
        assert "setting 'fail-onn' is unknown" in done.stderr
    document = json.loads((tmp_path / "in").read_bytes())
    assert "scheduled scans can't run: " in document["news"][0]["message"]
    assert "fail-onn" in document["news"][0]["message"]


@pytest.fixture
def pager(tmp_path: Path) -> Path:
    """A program that keeps the notifications which it gets."""
    page = tmp_path / "page"
    page.write_text(f"#!/bin/sh\ncat >> {tmp_path}/in\n")
    page.chmod(0o755)
    (tmp_path / "etc/doctor.toml").write_text(f'fail-on = "info"\n[[notify]]\nto = "command:{page}"\n')
    return page


def test_a_mistyped_skip_is_a_scan_that_can_not_run(cron: schedule.Places, tmp_path: Path, pager: Path) -> None:
    """The recipients of the settings are known, and hear of it."""
    path = tmp_path / "etc/doctor.toml"
    path.write_text('skip = ["network/ip-forward-of"]\n' + path.read_text())
    done = scheduled_scan()
    assert done.returncode == 2
    assert f"{path}: setting 'skip': no check or area 'network/ip-forward-of'" in done.stderr
    assert "network/ip-forward-of" in json.loads((tmp_path / "in").read_bytes())["news"][0]["message"]


def test_a_report_that_can_not_be_written_silences_nobody(cron: schedule.Places, tmp_path: Path, pager: Path) -> None:
    """Not even at a path that no file can have. The note names the setting: a scheduled scan has no options to change."""
    path = tmp_path / "etc/doctor.toml"
    path.write_text(path.read_text() + '[report]\nhtml = "/srv/x\\u0000y"\nprometheus = "/none/x.prom"\n')
    done = scheduled_scan()
    assert done.returncode in {1, 3}
    assert "nobody was notified" not in done.stderr
    # Each Python has words of its own for the character.
    assert "embedded null" in done.stderr
    assert "— correct 'report.html' in the settings" in done.stderr
    assert "No such file or directory — correct 'report.prometheus' in the settings" in done.stderr
    notes = json.loads((tmp_path / "in").read_bytes())["notes"]
    assert len([note for note in notes if "can't write the report" in note]) == 2


@pytest.mark.parametrize("reader", ["full", "gone"])
def test_output_that_can_not_be_written_silences_nobody(
    cron: schedule.Places, tmp_path: Path, pager: Path, reader: str
) -> None:
    """A log on a full disk, a reader that has ended; nor does a list of recipients that can't be read silence those of the settings."""
    Path(installed_file()).write_text("to = [")
    ends = os.pipe()
    os.close(ends[0])
    output = os.open("/dev/full", os.O_WRONLY) if reader == "full" else ends[1]
    done = scheduled_scan(output, JOURNAL_STREAM="1:1")
    assert ("can't write the output: no space left on device" in done.stderr) == (reader == "full")
    document = json.loads((tmp_path / "in").read_bytes())
    assert document["scan"]["exit_code"] == done.returncode
    assert done.returncode in {1, 3}
    assert "recipients of notifications can't be read: " in document["notes"][0]


def test_a_scan_that_is_overdue_is_shown(
    cron: schedule.Places, capsys: pytest.CaptureFixture[str], state_dir: Path
) -> None:
    schedule.install(SAY, places=cron)
    assert status.run(SAY, places=cron) == 0
    memory.installed("", 0)
    memory.installed("daily", 1_000_000)
    capsys.readouterr()
    assert status.run(SAY, places=cron) == 3
    assert "overdue: a scan was expected by 1970-01-13 16:46 UTC" in capsys.readouterr().out
    os.unlink(cron.cron)
    assert status.run(SAY, places=cron) == 0
    # A history that can't be read proves nothing.
    (state_dir / "history.db").mkdir()
    assert status.run(SAY, places=cron) == 3
    assert "last scan: unknown" in (shown := capsys.readouterr().out)
    assert "overdue:" not in shown


def test_a_scan_that_did_not_end_is_shown_and_told(
    cron: schedule.Places, tmp_path: Path, pager: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the status, unless it still runs; and by the next scan, before it examines anything."""
    code = "import time; from doctor.notify import scheduled; scheduled.begin(time.time()); print('begun', flush=True); time.sleep(30)"
    with subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE) as scan:
        assert scan.stdout is not None
        assert scan.stdout.readline() == b"begun\n"
        assert status.run(SAY, places=cron) == 0
        scan.kill()
    capsys.readouterr()
    assert status.run(SAY, places=cron) == 3
    assert "did not end: it failed, was killed, or the host went down; no scheduled scan has" in capsys.readouterr().out
    scheduled_scan()
    first = json.JSONDecoder().raw_decode((tmp_path / "in").read_text())[0]
    assert (first["scan"], [one["change"] for one in first["news"]]) == (None, ["missed"])
    assert (tmp_path / "in").read_text().count("did not end") == 1
    assert status.run(SAY, places=cron) == 0


@pytest.mark.parametrize(
    ("every", "starts"),
    [
        ("hourly", ["2026-11-30 12:27", "2026-11-30 13:27"]),
        ("daily", ["2026-12-01 04:27", "2026-12-02 04:27"]),
        ("weekly", ["2026-12-06 04:27", "2026-12-13 04:27"]),
    ],
)
def test_the_next_start_of_cron(every: str, starts: list[str]) -> None:
    text = units.cron(units.ScheduledJob(command=("/d",), every=every, host="h")).replace(
        units.cron(units.ScheduledJob(command=("/d",), every="hourly", host="h")).splitlines()[-1].split()[0] + " ",
        "27 ",
        1,
    )
    now = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)
    for start in starts:
        shown = status.cron_next(text, now)
        assert shown.partition(" ")[2] == f"{start} UTC"
        now = dt.datetime.fromisoformat(f"{start}+00:00")
    assert status.cron_next("something else", now) == "unknown"

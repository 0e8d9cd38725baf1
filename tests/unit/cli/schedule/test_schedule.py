"""The schedule's files: what they say, whom they trust, and that they come and go without a trace."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from doctor.cli import installed
from doctor.cli.commands import units
from doctor.cli.commands.schedule import command as schedule
from doctor.cli.commands.schedule import status
from doctor.cli.common import SharedOptions
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.state.settings import Schedule
from tests.one_file import interpreter_of

SAY = SharedOptions(verbose=False, quiet=False, colour=False)
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can install a schedule")


@pytest.fixture
def cron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> schedule.Places:
    """A host with cron, without systemd, and with the command beside its interpreter, as pip puts it."""
    (tmp_path / "cron.d").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/doctor").touch(0o755)
    monkeypatch.setattr(sys, "executable", interpreter_of(tmp_path / "bin/doctor"))
    return schedule.Places(
        units=str(tmp_path / "no-units"),
        cron=str(tmp_path / "cron.d" / "doctor"),
        systemd=str(tmp_path / "no-systemd"),
        stamp=str(tmp_path / "no-stamp"),
    )


def test_a_cron_entry_comes_and_goes(
    cron: schedule.Places, capsys: pytest.CaptureFixture[str], state_dir: Path
) -> None:
    """The written files are shown; a second call changes nothing; removing leaves nothing."""
    file = Path(cron.cron)
    assert schedule.install(SAY, places=cron) == 0
    content = file.read_text()
    shown = capsys.readouterr().out
    assert all(line in shown for line in content.splitlines())
    entry = content.splitlines()[-1]
    assert entry.endswith(f" root {state_dir.parent}/bin/doctor scan --scheduled --probe")
    assert f"DOCTOR_STATE_DIR={state_dir}\n" in content
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    before = file.stat()
    assert schedule.install(SAY, places=cron) == 0
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert "is up to date" in capsys.readouterr().out
    assert status.run(SAY, places=cron) == 0
    assert cron.cron in capsys.readouterr().out
    assert schedule.remove(SAY, places=cron) == 0
    assert os.listdir(file.parent) == []
    assert schedule.remove(SAY, places=cron) == 0
    assert "no schedule is installed" in capsys.readouterr().out


def test_the_status_names_a_program_that_is_gone(
    cron: schedule.Places, capsys: pytest.CaptureFixture[str], state_dir: Path
) -> None:
    """Cron starts it each night, and nobody reads that it is not found."""
    schedule.install(SAY, places=cron)
    program = state_dir.parent / "bin/doctor"
    program.chmod(0o644)
    assert status.run(SAY, places=cron) == 3
    assert f"no scan runs: {program} is missing or can't be executed" in capsys.readouterr().out
    program.unlink()
    assert status.run(SAY, places=cron) == 3
    assert f"no scan runs: {program} is missing" in capsys.readouterr().out


def test_another_rhythm_replaces_the_first(cron: schedule.Places) -> None:
    """One entry, not two."""
    schedule.install(SAY, places=cron)
    schedule.install(SAY, every="hourly", probe=True, places=cron)
    content = Path(cron.cron).read_text()
    assert content.count(" root ") == 1
    assert "scan --scheduled --probe" in content
    assert os.listdir(Path(cron.cron).parent) == ["doctor"]


@pytest.mark.parametrize(
    ("given", "in_settings", "is_tried"),
    [
        (None, True, True),
        (None, False, False),
        (True, False, True),
        (False, True, False),
    ],
)
def test_the_option_has_priority_over_the_settings(
    cron: schedule.Places, monkeypatch: pytest.MonkeyPatch, *, given: bool | None, in_settings: bool, is_tried: bool
) -> None:
    """Test containers run by default: without them no scan calls the host healthy."""
    settings = replace(schedule.load_settings(), schedule=Schedule(probe=in_settings))
    monkeypatch.setattr(schedule, "load_settings", lambda: settings)
    schedule.install(SAY, probe=given, places=cron)
    assert ("--probe" in Path(cron.cron).read_text()) is is_tried


def test_a_file_of_somebody_else_stays(cron: schedule.Places) -> None:
    """Neither replaced nor removed."""
    Path(cron.cron).write_text("0 0 * * * root /usr/bin/theirs\n")
    with pytest.raises(RefusedError, match="the file exists and was not written by doctor"):
        schedule.install(SAY, places=cron)
    schedule.remove(SAY, places=cron)
    assert Path(cron.cron).read_text() == "0 0 * * * root /usr/bin/theirs\n"


def test_mistakes_are_named(cron: schedule.Places, tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(UsageError, match="choose one of hourly, daily, weekly"):
        schedule.install(SAY, every="sometimes", places=cron)
    Path(os.environ["DOCTOR_CONFIG"]).write_text('[report]\nprometheus = "/none/doctor.prom"\n')
    with pytest.raises(UsageError, match=r"the directory of 'report\.prometheus' does not exist"):
        schedule.install(SAY, places=cron)
    Path(os.environ["DOCTOR_CONFIG"]).write_text("")
    shutil.rmtree(tmp_path / "cron.d")
    with pytest.raises(DoctorError, match="neither systemd nor cron"):
        schedule.install(SAY, places=cron)


def test_who_else_could_become_root_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A timer runs as root whatever stands there by then."""
    tmp_path.chmod(0o755)
    command = tmp_path / "doctor"
    command.write_text("")
    os.chown(command, 1000, 1000)
    installed.warn(str(command), SAY)
    assert f"{command} belongs to user 1000" in capsys.readouterr().err


ODD = ("/opt/a b/%x$y'\"\\/doctor", "scan", "$HOME", "a;b", "100%")


def test_cron_hands_on_every_word(tmp_path: Path) -> None:
    r"""Quotes, dollars, percent signs: as /bin/sh gets them after cron has taken the backslash from each ``\%``."""
    job = units.ScheduledJob(command=("printf", r"%s\n", *ODD), every="daily", host="h")
    line = units.cron(job).splitlines()[-1]
    fields = line.split(" ", 6)
    assert fields[5] == "root"
    assert "%" not in fields[6].replace("\\%", "")
    done = subprocess.run(
        ["/bin/sh", "-c", fields[6].replace("\\%", "%")], capture_output=True, text=True, check=True, env={}
    )
    assert done.stdout.split("\n")[:-1] == list(ODD)


def test_a_fleet_does_not_scan_in_the_same_minute() -> None:
    """The minute comes from the host's name and stays the same."""
    minutes = {
        units.cron(units.ScheduledJob(command=("/d",), every="daily", host=f"web-{n}")).splitlines()[-1].split()[0]
        for n in range(50)
    }
    assert len(minutes) > 20


@pytest.mark.parametrize("probe", [False, True])
def test_systemd_accepts_the_units(tmp_path: Path, *, probe: bool) -> None:
    """Also with a path that needs every kind of quoting."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze on this machine")
    command = tmp_path / "a b%x$y;" / "doctor"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    job = units.ScheduledJob(
        command=(str(command), "scan"), every="weekly", environment=(("DOCTOR_CONFIG", "/x y/%d"),), probe=probe
    )
    (tmp_path / units.SERVICE).write_text(units.service(job))
    (tmp_path / units.TIMER).write_text(units.timer(job))
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(tmp_path / units.SERVICE), str(tmp_path / units.TIMER)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_keeps_the_mounts_of_the_host() -> None:
    """A mount namespace of its own would have the scan find everything read-only, or /tmp and /home empty."""
    text = units.service(units.ScheduledJob(command=("/d",), every="daily"))
    for word in (
        "ProtectSystem",
        "ProtectHome",
        "PrivateTmp",
        "PrivateDevices",
        "ProtectKernel",
        "ProtectControl",
        "ProtectProc",
    ):
        assert f"{word}" not in text


def test_an_unprintable_path_is_refused() -> None:
    """It would end the line in a crontab and begin another."""
    with pytest.raises(UsageError, match="can't be written to a unit or crontab"):
        units.cron(units.ScheduledJob(command=("/d",), every="daily", environment=(("A", "x\n* * * * * root evil"),)))
    with pytest.raises(UsageError, match="can't be written to a unit or crontab"):
        units.service(units.ScheduledJob(command=("/d\nExecStart=/evil",), every="daily"))
    with pytest.raises(UsageError, match="a program path with a quote"):
        units.service(units.ScheduledJob(command=("/it's/doctor",), every="daily"))


def test_the_timer_of_a_package_is_shown_and_disabled(
    cron: schedule.Places, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package has a timer of the same name; its file stays when it is disabled."""
    asked: list[str] = []

    def systemctl(*words: str) -> str:
        asked.append(" ".join(words[:2]))
        return "ActiveState=active\n"

    monkeypatch.setattr(installed, "systemctl", systemctl)
    monkeypatch.setattr(schedule.installed, "systemctl", systemctl)
    (tmp_path / "systemd").mkdir()
    places = replace(cron, units=str(tmp_path / "units"), systemd=str(tmp_path / "systemd"))
    packaged = tmp_path / "lib" / units.TIMER
    wants = tmp_path / "units/timers.target.wants"
    for folder in (packaged.parent, wants):
        folder.mkdir(parents=True)
    packaged.write_text("[Timer]\n")
    assert schedule.of_a_package(places) == ""
    (wants / units.TIMER).symlink_to(packaged)
    assert status.run(SAY, places=places) == 0
    assert f"{packaged}\ntimer active" in capsys.readouterr().out
    assert schedule.remove(SAY, places=places) == 0
    assert "schedule removed" in capsys.readouterr().out
    assert "disable --now" in asked
    assert packaged.exists()
    # The administrator's own file counts instead of the package's.
    own = tmp_path / "units" / units.TIMER
    own.write_text("[Timer]\n")
    (wants / units.TIMER).unlink()
    (wants / units.TIMER).symlink_to(own)
    assert schedule.of_a_package(places) == ""

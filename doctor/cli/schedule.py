"""``doctor schedule``: regular scans by a systemd timer, or by cron where there is no systemd."""

import os
import subprocess
import sys
import time

from msgspec import Struct

from doctor.cli import units
from doctor.cli.common import Shared, load_settings
from doctor.model.errors import DoctorError, RefusedError, UsageError
from doctor.model.text import visible
from doctor.state.files import atomic_write
from doctor.state.paths import state_dir
from doctor.state.settings import EVERY, Settings


class Places(Struct, frozen=True, kw_only=True):
    """Where a schedule lives on a host."""

    units: str = "/etc/systemd/system"
    cron: str = "/etc/cron.d/doctor"
    systemd: str = "/run/systemd/system"
    stamp: str = "/var/lib/systemd/timers/stamp-doctor-scan.timer"


HERE = Places()


def install(shared: Shared, *, every: str = "", probe: bool = False, places: Places = HERE) -> int:
    """Write the timer or the cron entry and start it; show what was written; return 0. A second call changes nothing."""
    _need_root("install")
    settings = load_settings()
    if every and every not in EVERY:
        raise UsageError(f"--every '{every}' is unknown", do=f"choose one of {', '.join(EVERY)}")
    job = _job(every or settings.schedule.every, probe=probe or settings.schedule.probe)
    _warn(job.command[0], shared)
    _check_places(settings)
    is_systemd = os.path.isdir(places.systemd)
    if not is_systemd and not os.path.isdir(os.path.dirname(places.cron)):
        raise DoctorError(
            "this host has neither systemd nor cron",
            where=places.cron,
            do="install cron, or run 'doctor scan' by other means",
        )
    wanted = _files(job, places, is_systemd=is_systemd)
    # A host that changed its init system must not be scanned twice.
    for path in _ours(places):
        if path not in wanted:
            _remove_file(path, shared)
    changed = [path for path, text in wanted.items() if _write(path, text)]
    for path, text in wanted.items():
        _show(path, text, shared, is_new=path in changed)
    if is_systemd:
        if changed:
            _systemctl("daemon-reload")
        _systemctl("enable", "--now", units.TIMER)
        if changed:
            # A timer that runs keeps its old times until it is started anew.
            _systemctl("restart", units.TIMER)
    _tell(shared, f"a scan {job.every}; reports go to {_reports(settings)}")
    return 0


def remove(shared: Shared, *, places: Places = HERE) -> int:
    """Stop the schedule and remove every file of it; history and reports stay. Return 0, also where there was none."""
    _need_root("remove")
    found = _ours(places)
    if os.path.isdir(places.systemd) and any(path.endswith(units.TIMER) for path in found):
        _systemctl("disable", "--now", units.TIMER)
    for path in found:
        _remove_file(path, shared)
    if os.path.isdir(places.systemd) and found:
        _systemctl("daemon-reload")
    if os.path.exists(places.stamp):
        os.unlink(places.stamp)
    _tell(shared, "the schedule is removed; history and reports stay" if found else "there was no schedule")
    return 0


def status(shared: Shared, *, places: Places = HERE) -> int:
    """Print what is installed, when it runs next, and the last scan that is kept; return 0."""
    from doctor.history.store import History

    found = _ours(places)
    if not found:
        print("not installed; 'doctor schedule install' does it")
    for path in found:
        print(visible(path))
    if any(path.endswith(units.TIMER) for path in found) and os.path.isdir(places.systemd):
        print(_next())
    with History() as history:
        last = history.scans(limit=1)
        if last:
            when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(last[0].started))
            print(f"last scan: {when}, exit code {last[0].exit_code}")
        else:
            print("last scan: none is kept")
        for note in history.notes:
            shared.progress(f"note: {note}")
    return 0


def _job(every: str, *, probe: bool) -> units.Job:
    command = (_doctor(), "scan", "--scheduled", *(("--probe",) if probe else ()))
    # A timer starts with a bare environment; what moves doctor's own places now moves them then.
    moved = tuple(
        (name, os.path.abspath(os.environ[name]))
        for name in ("DOCTOR_CONFIG", "DOCTOR_STATE_DIR")
        if os.environ.get(name)
    )
    return units.Job(command=command, every=every, environment=moved, probe=probe, host=os.uname().nodename)


def _doctor() -> str:
    """Return the absolute path of the command: beside the interpreter that runs it, else where it was started from."""
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "doctor")
    for path in (beside, os.path.abspath(sys.argv[0])):
        if os.path.basename(path) == "doctor" and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise DoctorError("can't find the doctor command", where=beside, do="install doctor with pipx, uv or pip")


def _need_root(verb: str) -> None:
    if os.geteuid() != 0:
        raise RefusedError(f"only root can {verb} a schedule", do=f"run 'sudo doctor schedule {verb}'")


def _warn(command: str, shared: Shared) -> None:
    """Say who else could change what root will run: a checkout in somebody's home is convenient, and his."""
    path = os.path.realpath(command)
    while True:
        found = os.stat(path)
        is_open = found.st_mode & 0o022 and not found.st_mode & 0o1000
        if found.st_uid != 0 or is_open:
            who = f"user id {found.st_uid}" if found.st_uid else "others than root"
            shared.progress(f"note: {who} can change {path}, and so what root runs from it")
            return
        if path == "/":
            return
        path = os.path.dirname(path)


def _check_places(settings: Settings) -> None:
    for name, place in (("html", settings.report.html), ("prometheus", settings.report.prometheus)):
        above = os.path.dirname(place)
        if place and above != state_dir() and not os.path.isdir(above):
            raise UsageError(f"the directory of 'report.{name}' does not exist", where=above, do="make it first")


def _files(job: units.Job, places: Places, *, is_systemd: bool) -> dict[str, str]:
    if not is_systemd:
        return {places.cron: units.cron(job)}
    return {
        os.path.join(places.units, units.SERVICE): units.service(job),
        os.path.join(places.units, units.TIMER): units.timer(job),
    }


def _ours(places: Places) -> list[str]:
    """Return the files of a schedule that are there; a file of the same name that somebody else wrote is not ours."""
    candidates = (
        places.cron,
        os.path.join(places.units, units.SERVICE),
        os.path.join(places.units, units.TIMER),
    )
    return [path for path in candidates if units.MADE in _read(path)]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return stream.read(65536)
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _write(path: str, text: str) -> bool:
    """Write a file unless it is there as wanted; return whether it was written."""
    found = _read(path)
    if found == text:
        return False
    if found and units.MADE not in found:
        raise RefusedError("a file that doctor did not write stands in the way", where=path, do="move it away")
    try:
        atomic_write(path, text.encode("utf-8"), mode=0o644)
        # Neither cron nor systemd may be kept from reading it by somebody's umask.
        os.chmod(path, 0o644)
    except OSError as error:
        raise DoctorError(f"can't write the schedule: {error.strerror}", where=path) from error
    return True


def _remove_file(path: str, shared: Shared) -> None:
    os.unlink(path)
    _tell(shared, f"removed {path}")


def _show(path: str, text: str, shared: Shared, *, is_new: bool) -> None:
    _tell(shared, f"wrote {path}:" if is_new else f"{path} is as it should be")
    if is_new:
        _tell(shared, "".join(f"    {line}\n" for line in text.splitlines()))


def _tell(shared: Shared, text: str) -> None:
    if not shared.quiet:
        print(visible(text, keep="\n"))


def _reports(settings: Settings) -> str:
    return " and ".join(filter(None, (settings.report.html, settings.report.prometheus)))


def _systemctl(*words: str) -> str:
    argv = ("systemctl", "--no-pager", *words)
    try:
        done = subprocess.run(argv, capture_output=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DoctorError(f"systemctl {words[0]} failed: {error}", do="look at 'systemctl status'") from error
    if done.returncode != 0:
        says = visible(done.stderr.decode("utf-8", "surrogateescape").strip())
        raise DoctorError(f"systemctl {' '.join(words)} failed: {says}", do="look at 'systemctl status'")
    return done.stdout.decode("utf-8", "replace")


def _next() -> str:
    shown = _systemctl("show", units.TIMER, "--property=ActiveState,NextElapseUSecRealtime,LastTriggerUSec")
    values = dict(line.partition("=")[::2] for line in shown.splitlines())
    state = values.get("ActiveState", "unknown")
    return f"timer {state}, next {values.get('NextElapseUSecRealtime') or 'unknown'}, last {values.get('LastTriggerUSec') or 'never'}"

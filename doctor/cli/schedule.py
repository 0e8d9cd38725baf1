"""``doctor schedule``: regular scans by a systemd timer, or by cron where there is no systemd."""

import os
import time

from msgspec import Struct

from doctor.cli import installed, spelled, units, unseen
from doctor.cli.common import Shared, load_settings
from doctor.model.errors import DoctorError, UsageError
from doctor.model.exit_code import ExitCode
from doctor.model.text import visible
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
    installed.need_root("install a schedule")
    settings = load_settings()
    if every and every not in EVERY:
        raise UsageError(f"--every '{every}' is unknown", do=f"choose one of {', '.join(EVERY)}")
    job = _job(every or settings.schedule.every, probe=probe or settings.schedule.probe)
    installed.warn(job.command[0], shared)
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
    changed = [path for path, text in wanted.items() if installed.write(path, text, units.MADE)]
    for path, text in wanted.items():
        installed.show(path, text, shared, is_new=path in changed)
    if is_systemd:
        if changed:
            installed.systemctl("daemon-reload")
        installed.systemctl("enable", "--now", units.TIMER)
        if changed:
            # A timer that runs keeps its old times until it is started anew.
            installed.systemctl("restart", units.TIMER)
    installed.tell(shared, f"a scan {job.every}; reports go to {_reports(settings)}")
    return 0


def remove(shared: Shared, *, places: Places = HERE) -> int:
    """Stop the schedule and remove every file of it; history and reports stay. Return 0, also where there was none."""
    installed.need_root("remove a schedule")
    found = _ours(places)
    if os.path.isdir(places.systemd) and any(path.endswith(units.TIMER) for path in found):
        installed.systemctl("disable", "--now", units.TIMER)
    for path in found:
        _remove_file(path, shared)
    if os.path.isdir(places.systemd) and found:
        installed.systemctl("daemon-reload")
    if os.path.exists(places.stamp):
        os.unlink(places.stamp)
    installed.tell(shared, "the schedule is removed; history and reports stay" if found else "there was no schedule")
    return 0


def status(shared: Shared, *, places: Places = HERE) -> int:
    """Print what is installed, when it runs next, and the last scan that is kept; return 0, or 3 where that can't be seen."""
    from doctor.history.store import History

    is_blind = unseen.tell("scans", shared)
    found = _ours(places)
    if not found:
        print(spelled.pasted("not installed; 'doctor schedule install' does it"))
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
            print("last scan: unknown" if is_blind else "last scan: none is kept")
        for note in history.notes:
            shared.progress(f"note: {note}")
    return ExitCode.INCOMPLETE if is_blind else ExitCode.OK


def _job(every: str, *, probe: bool) -> units.Job:
    command = (installed.command(), "scan", "--scheduled", *(("--probe",) if probe else ()))
    return units.Job(command=command, every=every, environment=spelled.moved(), probe=probe, host=os.uname().nodename)


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
    return [path for path in candidates if units.MADE in installed.read(path)]


def _remove_file(path: str, shared: Shared) -> None:
    os.unlink(path)
    installed.tell(shared, f"removed {path}")


def _reports(settings: Settings) -> str:
    return " and ".join(filter(None, (settings.report.html, settings.report.prometheus)))


def _next() -> str:
    shown = installed.systemctl("show", units.TIMER, "--property=ActiveState,NextElapseUSecRealtime,LastTriggerUSec")
    values = dict(line.partition("=")[::2] for line in shown.splitlines())
    state = values.get("ActiveState", "unknown")
    return f"timer {state}, next {values.get('NextElapseUSecRealtime') or 'unknown'}, last {values.get('LastTriggerUSec') or 'never'}"

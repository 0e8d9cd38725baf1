"""``doctor schedule install`` and ``remove``: regular scans by a systemd timer, or by cron on hosts without systemd."""

import os
import time

from msgspec import Struct

from doctor.cli import installed, spelled
from doctor.cli.commands import units
from doctor.cli.common import SharedOptions, load_settings
from doctor.model.errors import DoctorError, UsageError
from doctor.notify import memory
from doctor.notify.proxy import by_environment
from doctor.notify.recipients import Delivery, installed_file, recipients, remove_installed, write_installed
from doctor.notify.routes import routes_of
from doctor.state.paths import state_dir
from doctor.state.settings import EVERY, Recipient, Settings


class Places(Struct, frozen=True, kw_only=True):
    """Paths of a schedule on a host."""

    units: str = "/etc/systemd/system"
    cron: str = "/etc/cron.d/doctor"
    systemd: str = "/run/systemd/system"
    stamp: str = "/var/lib/systemd/timers/stamp-doctor-scan.timer"
    processes: str = "/proc"


HERE = Places()


_CRONS = frozenset({"cron\n", "crond\n", "fcron\n"})
NONE = "none"
"""The word that removes the recipients of an earlier installation."""


def install(
    shared: SharedOptions,
    *,
    every: str = "",
    probe: bool | None = None,
    notify: tuple[str, ...] = (),
    places: Places = HERE,
) -> int:
    """Write, show and start the timer or the cron entry; return 0. A second call is a no-op.

    ``notify`` replaces the recipients of an earlier installation; without it they remain.
    """
    installed.need_root("install a schedule")
    settings = load_settings()
    if every and every not in EVERY:
        raise UsageError(f"--every '{every}' is unknown", do=f"choose one of {', '.join(EVERY)}")
    job = _job(every or settings.schedule.every, probe=settings.schedule.probe if probe is None else probe)
    installed.warn(job.command[0], shared)
    _check_places(settings)
    words = tuple(word for word in dict.fromkeys(notify) if word != NONE)
    routes = examined((*map(_recipient, words), *settings.notify) if notify else recipients(settings))
    is_systemd = os.path.isdir(places.systemd)
    if not is_systemd and not os.path.isdir(os.path.dirname(places.cron)):
        raise DoctorError(
            "this host has neither systemd nor cron",
            where=places.cron,
            do="install cron, or schedule 'doctor scan' in another way",
        )
    wanted = _files(job, places, is_systemd=is_systemd)
    # After a change of the init system, the host would be scanned twice.
    for path in ours(places):
        if path not in wanted:
            _remove_file(path, shared)
    if notify and (write_installed(words) if words else remove_installed()):
        installed.say(shared, f"{'wrote' if words else 'removed'} {installed_file()}")
    changed = [path for path, text in wanted.items() if installed.write(path, text, units.MADE)]
    for path, text in wanted.items():
        installed.show(path, text, shared, is_new=path in changed)
    if is_systemd:
        if changed:
            installed.systemctl("daemon-reload")
        installed.systemctl("enable", "--now", units.TIMER)
        if changed:
            # A running timer keeps its old times until it is restarted.
            installed.systemctl("restart", units.TIMER)
    problem = memory.installed(job.every, time.time())
    if problem:
        shared.progress(f"note: when the next scan is expected can't be recorded: {problem}")
    warn_cron(places, shared)
    tried = "with test containers" if job.probe else "without test containers, so they never call the host healthy"
    installed.say(shared, f"scans run {job.every}, {tried}; reports are written to {_reports(settings)}")
    _say_recipients(routes, shared)
    return 0


def examined(wanted: tuple[Recipient, ...]) -> tuple[Delivery, ...]:
    """Return how each recipient is reached. Raises ``DoctorError`` for the first one that can't be."""
    found = tuple(route for one in wanted for route in routes_of(one))
    for route in found:
        route.module().check(route)
    return found


def _say_recipients(routes: tuple[Delivery, ...], shared: SharedOptions) -> None:
    if routes:
        named = ", ".join(route.shown for route in routes)
        installed.say(shared, f"changes are sent to {named}; 'doctor schedule test-notify' tries that")
        warn_proxy(routes, shared)
    else:
        installed.say(
            shared,
            "nobody is notified; add --notify mailto:ADDRESS, https://… or journal (see 'doctor schedule install --help')",
        )


def warn_proxy(routes: tuple[Delivery, ...], shared: SharedOptions) -> None:
    """Warn of recipients that are reached now by a proxy that no scheduled scan knows."""
    for route in routes:
        if by_environment(route):
            shared.progress(
                f"note: {route.shown} is reached by the proxy of this environment, which a scheduled scan does not have: "
                "write a [[notify]] table with its 'to' and 'proxy' into doctor.toml"
            )


def _recipient(word: str) -> Recipient:
    return Recipient(to=word)


def remove(shared: SharedOptions, *, places: Places = HERE) -> int:
    """Stop the schedule and remove its files; history and reports are kept. Return 0, also if nothing was installed."""
    installed.need_root("remove a schedule")
    found = ours(places)
    packaged = of_a_package(places)
    if os.path.isdir(places.systemd) and (packaged or any(path.endswith(units.TIMER) for path in found)):
        installed.systemctl("disable", "--now", units.TIMER)
        if packaged:
            installed.say(shared, f"disabled {packaged}")
    for path in found:
        _remove_file(path, shared)
    if os.path.isdir(places.systemd) and found:
        installed.systemctl("daemon-reload")
    if os.path.exists(places.stamp):
        os.unlink(places.stamp)
    if remove_installed():
        installed.say(shared, f"removed {installed_file()}")
    if os.path.exists(memory.place()):
        problem = memory.installed("", time.time())
        if problem:
            shared.progress(f"note: the removal can't be recorded: {problem}")
    is_done = bool(found or packaged)
    installed.say(shared, "schedule removed; history and reports are kept" if is_done else "no schedule is installed")
    return 0


def warn_cron(places: Places, shared: SharedOptions) -> None:
    """Warn if a crontab is installed and no cron runs: its directory proves nothing, as other packages have files there."""
    if places.cron in ours(places) and not any(_is_cron(places, name) for name in os.listdir(places.processes)):
        shared.progress("note: cron does not run on this host, so no scan starts: start it, also at each boot")


def _is_cron(places: Places, name: str) -> bool:
    try:
        return name.isdigit() and installed.read(os.path.join(places.processes, name, "comm")) in _CRONS
    except ProcessLookupError:
        return False


def _job(every: str, *, probe: bool) -> units.ScheduledJob:
    command = (installed.command(), "scan", "--scheduled", *(("--probe",) if probe else ()))
    return units.ScheduledJob(
        command=command, every=every, environment=spelled.moved(), probe=probe, host=os.uname().nodename
    )


def _check_places(settings: Settings) -> None:
    for name, place in (("html", settings.report.html), ("prometheus", settings.report.prometheus)):
        above = os.path.dirname(place)
        if place and above != state_dir() and not os.path.isdir(above):
            raise UsageError(f"the directory of 'report.{name}' does not exist", where=above, do="create it first")


def _files(job: units.ScheduledJob, places: Places, *, is_systemd: bool) -> dict[str, str]:
    if not is_systemd:
        return {places.cron: units.cron(job)}
    return {
        os.path.join(places.units, units.SERVICE): units.service(job),
        os.path.join(places.units, units.TIMER): units.timer(job),
    }


def ours(places: Places) -> list[str]:
    """Return the existing files of a schedule, without files of the same name that doctor did not write."""
    candidates = (
        places.cron,
        os.path.join(places.units, units.SERVICE),
        os.path.join(places.units, units.TIMER),
    )
    return [path for path in candidates if units.MADE in installed.read(path)]


def of_a_package(places: Places) -> str:
    """Return the path of the timer that a package brought, if it is enabled; "" if not. One below /etc counts instead."""
    enabled = os.path.join(places.units, "timers.target.wants", units.TIMER)
    path = os.path.realpath(enabled)
    return path if os.path.isfile(path) and os.path.dirname(path) != os.path.realpath(places.units) else ""


def _remove_file(path: str, shared: SharedOptions) -> None:
    os.unlink(path)
    installed.say(shared, f"removed {path}")


def _reports(settings: Settings) -> str:
    return " and ".join(filter(None, (settings.report.html, settings.report.prometheus)))

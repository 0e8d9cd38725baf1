"""``doctor schedule status`` and ``test-notify``: the next scan, the last one, and whether anybody was notified."""

import datetime as dt
import os
import time

from doctor import __version__
from doctor.cli import installed, spelled, unseen
from doctor.cli.commands import units
from doctor.cli.commands.schedule.command import HERE, Places, of_a_package, ours, warn_cron, warn_proxy
from doctor.cli.common import SharedOptions, host_info, load_settings, open_host
from doctor.model.errors import DoctorError, UsageError
from doctor.model.exit_code import ExitCode
from doctor.model.text import plural, visible
from doctor.notify import memory, scheduled
from doctor.notify.memory import Notified, Outbox
from doctor.notify.recipients import recipients
from doctor.notify.routes import routes_to
from doctor.state.clock import date
from doctor.state.settings import Settings


def run(shared: SharedOptions, *, places: Places = HERE) -> int:
    """Print the schedule, its next run, the last scan and the last notifications.

    Return 3 if a scan is overdue, can't start or did not end, a notification failed, or the records can't be read; else 0.
    """
    from doctor.history.store import History

    is_blind = unseen.warn("scans", shared)
    found = ours(places) or [path for path in (of_a_package(places),) if path]
    if not found:
        print(spelled.pasted("not installed; 'doctor schedule install' installs it"))
    for path in found:
        print(visible(path))
    program = next(filter(None, (installed.gone(installed.read(path)) for path in found)), "")
    if program:
        print(
            visible(
                spelled.pasted(
                    f"no scan runs: {program} is missing or can't be executed: run 'doctor schedule install'"
                )
            )
        )
    if any(path.endswith(units.TIMER) for path in found) and os.path.isdir(places.systemd):
        print(_next())
    elif places.cron in found:
        print(f"next {cron_next(installed.read(places.cron), dt.datetime.now().astimezone())}")
        warn_cron(places, shared)
    with History() as history:
        last = history.scans(limit=1)
        if last:
            when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(last[0].started))
            print(f"last scan: {when}, exit code {last[0].exit_code}")
        else:
            print("last scan: unknown" if is_blind or history.notes else "last scan: none")
        for note in history.notes:
            shared.progress(f"note: {note}")
        is_unread = is_blind or bool(history.notes)
    is_fine = is_blind or _print_notified(load_settings(), shared, time.time(), is_installed=bool(found))
    return ExitCode.INCOMPLETE if is_unread or program or not is_fine else ExitCode.OK


def test_notify(shared: SharedOptions) -> int:
    """Send a test to every recipient and print how each delivery ended; return 3 if one failed, else 0."""
    installed.need_root("send a test")
    settings = load_settings()
    wanted = recipients(settings)
    if not wanted:
        raise UsageError(
            "nobody is notified", do="run 'doctor schedule install --notify …', or add [[notify]] to the settings"
        )
    warn_proxy(routes_to(wanted)[0], shared)
    results = scheduled.test(host_info(open_host("")), __version__, wanted)
    for shown, error in results:
        if error:
            print(visible(f"failed: {shown}: {error}" if shown else f"failed: {error}"))
        else:
            installed.say(shared, f"sent a test to {shown}")
    return ExitCode.INCOMPLETE if any(error for _, error in results) else ExitCode.OK


def _print_notified(settings: Settings, shared: SharedOptions, now: float, *, is_installed: bool) -> bool:
    """Print the last scheduled scan and each recipient's last notification; return whether all is well."""
    notes: list[str] = []
    try:
        found = memory.load(notes)
        wanted = recipients(settings)
    except DoctorError as error:
        shared.progress(f"note: {error}")
        return False
    for note in notes:
        shared.progress(f"note: {note}")
    is_fine = _print_last(found, now, is_installed=is_installed)
    routes, unusable = routes_to(wanted)
    for unknown in unusable:
        print(visible(f"notification: {unknown}"))
        is_fine = False
    for route in routes:
        box = found.outboxes.get(route.key)
        print(visible(f"notification of {route.shown}: {outcome(box)}"))
        is_fine = is_fine and not (box is not None and box.error)
    if not wanted:
        print("notification: nobody is notified")
    return is_fine


def _print_last(found: Notified, now: float, *, is_installed: bool) -> bool:
    if found.last is not None:
        print(
            visible(
                f"last scheduled scan: {date(found.last.started)}, exit code {found.last.exit_code}: {found.last.says}"
            )
        )
    if found.begun and not memory.is_running():
        print(visible(memory.not_run(found, now)))
        return False
    if is_installed and found.expected_by and now > found.expected_by:
        print(f"overdue: a scan was expected by {date(found.expected_by)}")
        return False
    return True


def outcome(box: Outbox | None) -> str:
    """Return how the last delivery to a recipient ended."""
    if box is None:
        return "none yet"
    if box.error:
        row = f", {box.failures} times in a row" if box.failures > 1 else ""
        kept = f"; kept for the next scan: {plural(len(box.waiting), 'change')}" if box.waiting else ""
        return f"failed {date(box.tried)}{row}: {box.error}{kept}"
    if not box.delivered:
        return "none yet: nothing has changed"
    return f"delivered {date(box.delivered)}: {box.what}"


def cron_next(text: str, now: dt.datetime) -> str:
    """Return when cron starts the entry next, in words; only the forms that doctor writes are understood.

    >>> cron_next("#\\n7 4 * * 0 root /d", dt.datetime(2026, 11, 30, 12, 0))
    'Sun 2026-12-06 04:07'
    """
    line = next((row for row in text.splitlines() if " root " in row and not row.startswith("#")), "")
    fields = line.split(" ", 5)[:5]
    if len(fields) < 5 or not fields[0].isdigit():
        return "unknown"
    for ahead in range(1, 8 * 24 * 60):
        when = now.replace(second=0, microsecond=0) + dt.timedelta(minutes=ahead)
        if all(
            field in {"*", str(value)}
            for field, value in zip(
                fields, (when.minute, when.hour, when.day, when.month, when.isoweekday() % 7), strict=True
            )
        ):
            return when.strftime("%a %Y-%m-%d %H:%M %Z").strip()
    return "unknown"


def _next() -> str:
    shown = installed.systemctl("show", units.TIMER, "--property=ActiveState,NextElapseUSecRealtime,LastTriggerUSec")
    values = dict(line.partition("=")[::2] for line in shown.splitlines())
    state = values.get("ActiveState", "unknown")
    return f"timer {state}, next {values.get('NextElapseUSecRealtime') or 'unknown'}, last {values.get('LastTriggerUSec') or 'never'}"

"""Remembers what is known and what is not delivered yet: ``notified.json`` in the state directory.

It is written before anything is sent, so a killed doctor repeats a notification and loses none.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from doctor.model.errors import DoctorError
from doctor.notify.news import KnownProblem, NewsItem
from doctor.state.clock import DAY_S, date, is_after, jump
from doctor.state.files import atomic_write, ensure_dir
from doctor.state.host_json import decode, encode
from doctor.state.paths import state_dir
from doctor.state.trust import refuse_weak

NAME = "notified.json"
VERSION = 1
MOST_WAITING = 500
"""News that one outbox keeps; of more, the oldest are dropped and counted."""
_LIMIT_BYTES = 64 << 20
_held: list[int] = []
_WAIT_S = 120.0
"""How long a second scan waits for the notifications of the first."""
PERIODS = {"hourly": 3600, "daily": DAY_S, "weekly": 7 * DAY_S}
_SLACK = {"hourly": 1800, "daily": 3 * 3600, "weekly": 12 * 3600}
"""Random delay of the timer, duration of a scan, and a boot that is slow."""


class Outbox(Struct, frozen=True, kw_only=True):
    """The news for one recipient that are not delivered yet, and how the last delivery ended.

    Attributes:
        shown: the recipient without secrets.
        waiting: news to deliver, oldest first.
        dropped: how many were dropped since the last delivery, because too many waited.
        delivered: when something was last delivered, 0 for never; ``what`` it was.
        tried: when it was last tried; ``error`` is "" if that succeeded.
        failures: failed deliveries in a row.
        is_named: whether a scan has said that what waits can't be delivered: once is enough.
    """

    shown: str
    waiting: tuple[NewsItem, ...] = ()
    dropped: int = 0
    delivered: float = 0
    what: str = ""
    tried: float = 0
    error: str = ""
    failures: int = 0
    is_named: bool = False


class LastScan(Struct, frozen=True, kw_only=True):
    """The last scheduled scan that ended: its start, exit code and verdict."""

    started: float
    exit_code: int
    says: str


class Notified(Struct, frozen=True, kw_only=True):
    """The file.

    Attributes:
        every: the installed schedule, "" for none.
        begun: start of a scheduled scan that has not ended, 0 for none.
        expected_by: when the next one must have ended, 0 if unknown.
        known: problems by fingerprint; ``None`` before the first scheduled scan.
        outboxes: by recipient.
    """

    version: int = VERSION
    every: str = ""
    begun: float = 0
    expected_by: float = 0
    last: LastScan | None = None
    known: dict[str, KnownProblem] | None = None
    outboxes: dict[str, Outbox] = field(default_factory=dict)


class _Version(Struct):
    version: int = 0


def place() -> str:
    """Return the path of the file."""
    return os.path.join(state_dir(), NAME)


def load(notes: list[str]) -> Notified:
    """Return what is remembered; a corrupt file is renamed, with a note, and everything counts as new.

    Raises ``DoctorError`` if a newer doctor wrote it, or others may have.
    """
    path = place()
    try:
        with open(path, "rb") as stream:
            data = stream.read(_LIMIT_BYTES + 1)
    except FileNotFoundError:
        return Notified()
    except OSError as error:
        raise DoctorError(f"can't read what was notified: {error.strerror}", where=path) from error
    refuse_weak(path, "the record of notifications")
    try:
        if len(data) <= _LIMIT_BYTES:
            if decode(data, _Version).version > VERSION:
                raise DoctorError("a newer doctor wrote the record of notifications", where=path, do="use that doctor")
            return decode(data, Notified)
    except (msgspec.DecodeError, RecursionError):
        pass
    aside = f"{path}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
    try:
        os.rename(path, aside)
        notes.append(f"the record of notifications was corrupt and is kept as {aside}; every problem counts as new")
    except OSError as error:
        notes.append(f"{path}: the record of notifications is corrupt and can't be renamed: {error.strerror}")
    return Notified()


def save(memory: Notified) -> str:
    """Write the file and return "", or the reason why it can't be written."""
    path = place()
    try:
        ensure_dir(os.path.dirname(path))
        atomic_write(path, encode(memory))
    except OSError as error:
        return f"{path}: {error.strerror}"
    except DoctorError as error:
        return str(error)
    return ""


def hold_begin() -> bool:
    """Hold, until this process ends, the lock of the scheduled scan that runs; return whether no other one holds it."""
    try:
        ensure_dir(state_dir())
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(os.path.join(state_dir(), "scheduled.lock"), flags, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (OSError, DoctorError):
        return False
    _held.append(descriptor)
    return True


def is_running() -> bool:
    """Whether a scheduled scan runs at this moment, or may run."""
    try:
        descriptor = os.open(os.path.join(state_dir(), "scheduled.lock"), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def alone() -> Iterator[None]:
    """Let one scan at a time notify; the next waits two minutes, then does it anyway, as news are worth more than order."""
    try:
        ensure_dir(state_dir())
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(os.path.join(state_dir(), "notify.lock"), flags, 0o600)
    except (OSError, DoctorError):
        yield
        return
    try:
        deadline = time.monotonic() + _WAIT_S
        while time.monotonic() < deadline:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)


def expected_by(every: str, now: float) -> float:
    """Return when the scan after one at ``now`` must have ended; 0 without a schedule."""
    return now + PERIODS[every] + _SLACK[every] if every in PERIODS else 0


def not_run(memory: Notified, now: float) -> str:
    """Return the sentence about a scheduled scan that did not run or did not end before this one, "" for none.

    A clock that was wrong proves nothing.
    """
    last = memory.last
    if memory.begun and not is_after(memory.begun, now):
        ended = "no scheduled scan has ended yet" if last is None else f"the last that ended is of {date(last.started)}"
        return f"the scheduled scan of {date(memory.begun)} did not end: it failed, was killed, or the host went down; {ended}"
    if last is None or not memory.expected_by or now <= memory.expected_by or jump(last.started, now):
        return ""
    hours = int((now - last.started) // 3600)
    span = f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
    return (
        f"no scheduled scan ran for {span}: the last one began at {date(last.started)}, "
        f"the next was expected by {date(memory.expected_by)}"
    )


def clock_note(memory: Notified, now: float) -> str:
    """Return a note on a clock jump since the last scheduled scan, "" for none."""
    if memory.last is None or not jump(memory.last.started, now):
        return ""
    way = "back" if is_after(memory.last.started, now) else "forward"
    return (
        f"the clock went {way} since the last scheduled scan: it was {date(memory.last.started)} and is {date(now)} now"
    )


def installed(every: str, now: float) -> str:
    """Record the installation of a schedule, or its removal ("" for every); return "", or why that is not recorded."""
    try:
        with alone():
            found = load([])
            if found.every == every:
                return ""
            waits = expected_by(every, now) if every else 0
            return save(replace(found, every=every, expected_by=waits, begun=found.begun if every else 0))
    except DoctorError as error:
        return str(error)

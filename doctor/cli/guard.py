"""``doctor guard``: stand in front of a start of the engine. Little is imported here: a start waits for it."""

import gc
import os
import select
import sys
import time

# Not from typing, which costs as much as the rest of a start where nothing has changed: type checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from doctor.guard.judge import Verdict
    from doctor.guard.seen import Earlier
    from doctor.model.finding import Finding
    from doctor.plugins.catalog import Catalog
    from doctor.state.settings import Settings

STOP = 10
"""The exit code that stops a start. No failure has it: Python's own is 1, a shell's are 2 and 126 and above."""
_LIMIT_S = 10.0
_LOOK_AGAIN_S = 0.003


def run() -> int:
    """Return ``STOP`` where a start of the engine would destroy data that nothing can keep, else 0, whatever fails here.

    A child does the work: one that crashes, or hangs on a dead disk, holds no start up.
    """
    try:
        child = os.fork()
    except OSError as error:
        _say(f"the guard could not look: {error.strerror}; the start goes on", 4)
        return 0
    if child == 0:
        _work()
    end = time.monotonic() + _LIMIT_S
    while True:
        left = end - time.monotonic()
        _wait(child, left)
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            code = os.waitstatus_to_exitcode(status)
            if code not in {0, STOP}:
                _say("the guard could not look; the start goes on", 4)
            return STOP if code == STOP else 0
        if left <= 0:
            break
    from signal import SIGKILL

    os.kill(child, SIGKILL)
    # Not waited for: one that a dead disk keeps in the kernel outlives this.
    _say(f"the guard did not finish looking within {_LIMIT_S:g} s; the start goes on", 4)
    return 0


def _wait(child: int, seconds: float) -> None:
    """Wait until the child ends or the time is over, or a moment where the kernel tells of no child's end (before 5.3)."""
    try:
        watched = os.pidfd_open(child)
    except OSError:
        time.sleep(_LOOK_AGAIN_S)
        return
    try:
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        poll.poll(max(0, int(seconds * 1000)))
    finally:
        os.close(watched)


def _work() -> "NoReturn":
    """Judge, tell, and end this process; with 1 for any failure."""
    code = 1
    # It ends before a collection of cycles could pay for itself.
    gc.disable()
    try:
        from doctor.guard import seen

        if os.geteuid() != 0:
            code = _refuse()
        elif (earlier := seen.Earlier()).is_settled:
            code = 0
        else:
            from doctor.guard.code import Kept

            kept = Kept()
            kept.use()
            from doctor.cli.ending import ended
            from doctor.cli.entry import load_msgspec

            load_msgspec()
            if not earlier.is_large:
                _load_hashlib()
            code = ended(lambda: _judge(earlier))
            kept.keep()
    finally:
        # Here and not in an except: nothing, not even a failed import, may run on in the child.
        error = sys.exc_info()[1]
        if error is not None:
            _say(f"{type(error).__name__}: {error}", 4)
        os._exit(code)


def _load_hashlib() -> None:
    """Import hashlib without OpenSSL, which costs 3 ms, more than Python's own SHA-256 takes for all that is small."""
    name = "_hashlib"
    if name in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment] # import's own word for "not there"
    try:
        import hashlib as hashlib  # noqa: PLC0414
    finally:
        del sys.modules[name]


def _refuse() -> int:
    from doctor.cli.spelled import as_root

    _say(f"only root can look at the data root, so nothing was looked at: run '{as_root()}'", 4)
    return 1


def _judge(earlier: "Earlier") -> int:
    from doctor.guard import listing_cache, seen
    from doctor.guard.judge import judge
    from doctor.guard.watched import WatchedHost
    from doctor.model.errors import DoctorError
    from doctor.state.settings import Settings, load

    def accept(found: "tuple[Finding, ...]") -> "tuple[Finding, ...]":
        from doctor.cli.common import load_catalog, waive

        return waive(found, settings, host.now(), load_catalog(settings))

    started = time.time_ns()
    try:
        settings = load()
        catalog = _catalog(settings)
    except DoctorError as error:
        _say(f"the settings don't hold here: {error}", 4)
        settings = Settings()
        catalog = _catalog(settings)
    known, read = listing_cache.load(earlier.state, earlier.checksum, earlier.changed)
    host = WatchedHost(known)
    verdict = judge(host, catalog, settings, accept=accept)
    if verdict.is_healthy and not verdict.notes:
        look = seen.remember(
            host.seen or (), host.followed, started, is_backed_up=settings.metadata.keep, earlier=earlier
        )
        if look is not None:
            listing_cache.keep(earlier.state, look, known, read)
    return _tell(verdict)


def _catalog(settings: "Settings") -> "Catalog":
    """Return what there is to judge by; to list all that is of no concern here takes time."""
    from doctor.history.backup import AREA
    from doctor.plugins.catalog import Catalog
    from doctor.plugins.rooms import OURS

    if settings.plugins:
        from doctor.plugins.load import load

        return load(settings.plugins)
    catalog = Catalog()
    area = AREA.rstrip("/")
    # What is skipped may be of any area, and is refused where there is no such thing.
    catalog.add("checks", OURS.checks, "", area="" if settings.skip else area)
    catalog.add("fixers", OURS.fixers, "", area=area)
    return catalog


def _tell(verdict: "Verdict") -> int:
    """Say what was seen, and return the exit code."""
    for note in verdict.notes:
        _say(note, 5)
    for finding, place in verdict.kept:
        _say(f"{finding.message}; a copy is in {place}, the start goes on", 4)
    for danger in verdict.dangers:
        _say(f"{danger.finding.message}{f' (no copy: {danger.why})' if danger.why else ''}", 3)
        fix = danger.finding.fix
        if fix is not None and fix.applicability.word == "manual":
            _say(f"what to do: {fix.summary}", 3)
    if not verdict.dangers:
        return 0
    _say("the start is stopped, nothing is lost yet: 'doctor fix' shows the way, 'doctor fix --apply' goes it", 3)
    _say("to start all the same: waive the finding in doctor.toml, or 'doctor guard remove'", 3)
    return STOP


def _say(text: str, level: int) -> None:
    """Tell a line on standard error; the journal gets its level (sd-daemon(3)): 3 error, 4 warning, 5 notice."""
    from doctor.cli.spelled import pasted
    from doctor.model.text import visible

    mark = f"<{level}>" if os.environ.get("JOURNAL_STREAM") and not os.isatty(2) else ""
    try:
        print(f"{mark}doctor: {visible(pasted(text))}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return

"""``doctor guard``: checks the data root before an engine start. Imports little, because the start waits for it."""

import gc
import os
import select
import sys
import time

# Not imported from typing, which costs as much as a whole run on an unchanged data root. Type checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from doctor.guard.judge import StartVerdict
    from doctor.guard.seen import Earlier
    from doctor.model.finding import Finding
    from doctor.plugins.catalog import Catalog
    from doctor.state.settings import Settings

STOP = 10
"""The exit code that stops a start. No failure uses it: Python exits with 1, a shell with 2 or with 126 and above."""
_LIMIT_S = 10.0
_LOOK_AGAIN_S = 0.003


def run() -> int:
    """Return ``STOP`` if an engine start would destroy data that can't be copied, else 0, also on errors.

    A child process does the work, so a crash or a hang on a dead disk does not block the start.
    """
    try:
        child = os.fork()
    except OSError as error:
        _say(f"the guard could not run: {error.strerror}; the start continues", 4)
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
                _say("the guard failed; the start continues", 4)
            return STOP if code == STOP else 0
        if left <= 0:
            break
    from signal import SIGKILL

    os.kill(child, SIGKILL)
    # Not waited for: a child that hangs in the kernel on a dead disk outlives this process.
    _say(f"the guard did not finish within {_LIMIT_S:g} s; the start continues", 4)
    return 0


def _wait(child: int, seconds: float) -> None:
    """Wait until the child exits or the time is up; without pidfd_open (before Linux 5.3) only for a moment."""
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
    """Judge, report, and exit this process; exit 1 on any failure."""
    code = 1
    # The process exits before a collection of cycles would pay off.
    gc.disable()
    try:
        from doctor.guard import seen

        if os.geteuid() != 0:
            code = _refuse()
        elif (earlier := seen.Earlier()).is_settled:
            code = 0
        else:
            from doctor.guard.code import CodeFinder

            kept = CodeFinder()
            kept.use()
            from doctor.cli.exit_codes import ended
            from doctor.cli.msgspec_import import load_msgspec

            load_msgspec()
            if not earlier.is_large:
                _load_hashlib()
            code = ended(lambda: _judge(earlier))
            kept.keep()
    finally:
        # In finally, not in except: the child must exit here on any error, even a failed import.
        error = sys.exc_info()[1]
        if error is not None:
            _say(f"{type(error).__name__}: {error}", 4)
        os._exit(code)


def _load_hashlib() -> None:
    """Import hashlib without OpenSSL, which takes 2.6 ms to load, more than it saves on small files.

    A first check of 60 layers takes 102 ms, 104.6 with it (minima of 10 in turns on a busy machine), and may take 100 on a quiet one.
    """
    name = "_hashlib"
    if name in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment] # import's marker for a missing module
    try:
        import hashlib as hashlib  # noqa: PLC0414
    finally:
        del sys.modules[name]


def _refuse() -> int:
    from doctor.cli.spelled import as_root

    _say(f"only root can read the data root, so nothing was examined: run '{as_root()}'", 4)
    return 1


def _judge(earlier: "Earlier") -> int:
    from doctor.guard import listing_cache, seen
    from doctor.guard.judge import judge
    from doctor.guard.watched import WatchedHost
    from doctor.model.errors import DoctorError
    from doctor.state.settings import Settings, load

    def accept(found: "tuple[Finding, ...]") -> "tuple[Finding, ...]":
        from doctor.cli.accepted import waive
        from doctor.cli.common import load_catalog

        return waive(found, settings, host.now(), load_catalog(settings))

    started = time.time_ns()
    try:
        settings = load()
        catalog = _catalog(settings)
    except DoctorError as error:
        _say(f"using default settings: {error}", 4)
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
    return _report(verdict)


def _catalog(settings: "Settings") -> "Catalog":
    """Return the catalogue of the checks that matter here; listing all of them takes time."""
    from doctor.plugins.catalog import Catalog
    from doctor.plugins.engines import first_engine
    from doctor.plugins.rooms import OURS

    if settings.plugins:
        from doctor.plugins.load import load

        return load(settings.plugins, settings.plugin_directories)
    catalog = Catalog()
    area = first_engine().area
    # A skipped id may be of any area, and an unknown one is refused, so all areas are listed then.
    catalog.add("checks", OURS.checks, "", area="" if settings.skip else area)
    catalog.add("fixers", OURS.fixers, "", area=area)
    return catalog


def _report(verdict: "StartVerdict") -> int:
    """Report the verdict and return the exit code."""
    for note in verdict.notes:
        _say(note, 5)
    for finding, place in verdict.kept:
        _say(f"{finding.message}; a copy is in {place}; the start continues", 4)
    for danger in verdict.dangers:
        _say(f"{danger.finding.message}{f' (no copy: {danger.why})' if danger.why else ''}", 3)
        fix = danger.finding.fix
        if fix is not None and fix.applicability.word == "manual":
            _say(f"to resolve it: {fix.summary}", 3)
    if not verdict.dangers:
        return 0
    _say(
        "the start was stopped; no data is lost yet: 'doctor fix' shows the repair, 'doctor fix --apply' applies it", 3
    )
    worst = max(verdict.dangers, key=lambda danger: danger.finding.level).finding
    _say(
        f"to start anyway: 'doctor waive {worst.id} --severity {worst.level.word}' with a reason and an end, or 'doctor guard remove'",
        3,
    )
    return STOP


def _say(text: str, level: int) -> None:
    """Print a line on standard error, for the journal with its level (sd-daemon(3)): 3 error, 4 warning, 5 notice."""
    from doctor.cli.spelled import pasted
    from doctor.model.text import visible

    mark = f"<{level}>" if os.environ.get("JOURNAL_STREAM") and not os.isatty(2) else ""
    try:
        print(f"{mark}doctor: {visible(pasted(text))}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return

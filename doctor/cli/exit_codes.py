"""Turns every outcome of a command into an exit code."""

import errno
import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress

from doctor.cli.spelled import pasted
from doctor.model.errors import DoctorError
from doctor.model.exit_code import ExitCode
from doctor.state.paths import state_dir

_OBJECTS_BETWEEN_COLLECTIONS = 150_000
_READER_ENDED = 141  # as a shell shows a program that SIGPIPE ended
_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ENXIO, errno.ESTALE})


def ended(work: Callable[[], object]) -> int:
    """Do the work and return its exit code. An error is reported in one line on standard error."""
    # Python collects cycles after every 2,000 new objects: 23 times in the scan of a small host, over modules and facts that
    # all live to the end. That costs 12 ms of CPU, and each time later 10 ms. A small host has 56,000 objects at the end, so it
    # is never collected; a large host is, now and then.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    return _flushed(_code(work))


def _code(work: Callable[[], object]) -> int:
    try:
        result = work()
    except SystemExit as end:
        # typer ends with 1 for a reader that exited, which means "findings remain".
        if isinstance(end.__context__, BrokenPipeError):
            return unwritten(end.__context__)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except DoctorError as error:
        _report(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _report("interrupted")
        return 130
    except OSError as error:
        if is_of_output(error):
            return unwritten(error)
        return _disk(error) if error.errno in _OF_THE_DISK else _defect(error)
    except Exception as error:  # noqa: BLE001 - boundary 3 of 3: a bug in doctor is reported in one line
        return _defect(error)
    return result if isinstance(result, int) else 0


def _flushed(code: int) -> int:
    """Flush standard output here, where an error can still be reported. The code of a failure remains."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        return unwritten(error, code)
    return code


def _disk(error: OSError) -> int:
    """Report a full, read-only or failing disk: it is not a bug in doctor. Name the file."""
    own = os.path.abspath(os.fsdecode(error.filename)).startswith(state_dir() + "/")
    what = "can't read or write a file of doctor's own" if own else "can't read or write a file"
    do = "free space on that disk or repair it" + (", or set DOCTOR_STATE_DIR to another directory" if own else "")
    _report(f"{what}: {error.strerror} at {os.fsdecode(error.filename)} — {do}")
    return ExitCode.INCOMPLETE


def is_of_output(error: OSError) -> bool:
    """Whether an error comes from standard output: it then has no file name. A full disk, a terminal that hung up, a closed stream."""
    if error.filename is not None:
        return False
    return (
        isinstance(error, BrokenPipeError)
        or error.errno in _OF_THE_DISK
        or (error.errno == errno.EBADF and _is_closed())
    )


def unwritten(error: OSError, code: int = 0) -> int:
    """Report that the output was lost, and drop the rest of it. Return the exit code: that of a failure remains.

    A reader that exited early (doctor scan | head) is not an error.
    """
    sys.stdout = None  # print() then does nothing
    if isinstance(error, BrokenPipeError):
        return code or _READER_ENDED
    why = "standard output is closed" if error.errno == errno.EBADF else (error.strerror or "").lower()
    _report(f"can't write the output: {why}")
    return code or ExitCode.INCOMPLETE


def _is_closed() -> bool:
    """Whether nothing can be written to standard output: the caller closed it (>&-), or opened it for reading."""
    import fcntl

    try:
        return fcntl.fcntl(1, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    except OSError:
        return True


def _defect(error: Exception) -> int:
    if os.environ.get("DOCTOR_TRACEBACK"):
        raise error
    from doctor.scan.resolve import located

    text = located(error).encode("utf-8", "backslashreplace").decode()
    _report(f"this is a bug in doctor: {text} — set DOCTOR_TRACEBACK=1 for the traceback")
    return ExitCode.INCOMPLETE


def _report(text: str) -> None:
    # If the caller closed it (2>&-), sys.stderr is None, and print would use standard output.
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            from doctor.facts.secrets.redact import redact
            from doctor.model.text import visible

            print(f"doctor: {visible(pasted(redact(text)), keep=chr(10))}", file=sys.stderr, flush=True)

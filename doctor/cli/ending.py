"""Every way a command can end, turned into an exit code."""

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

_OBJECTS_BETWEEN_COLLECTIONS = 50_000
_OF_THE_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ENXIO, errno.ESTALE})


def ended(work: Callable[[], object]) -> int:
    """Do the work; return its exit code, or that of what stopped it, told in one line on standard error."""
    # Python looks for cycles after each 2,000 objects: 23 times while a small host is scanned, among modules and facts that all
    # stay to the end. That is 12 ms of CPU for nothing; at this distance a host of any size is still looked through now and then.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        return _flushed(_code(work))
    finally:
        # The interpreter looks for cycles several times while it ends, among all that was ever imported: 25 ms for nothing.
        gc.freeze()


def _code(work: Callable[[], object]) -> int:
    try:
        result = work()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except DoctorError as error:
        _tell(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130
    except BrokenPipeError:
        return _nobody_reads()
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            return _defect(error)
        if error.filename is not None:
            return _disk(error)
        # Without a file name it is standard output: a full disk behind it, a terminal that hung up.
        return _unwritten(error)
    except Exception as error:  # noqa: BLE001 - boundary 3 of 3: a defect of doctor is told in one line
        return _defect(error)
    return result if isinstance(result, int) else 0


def _flushed(code: int) -> int:
    """Write what is still buffered; the interpreter would do it after the last chance to say what goes wrong."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    except OSError as error:
        return _unwritten(error)
    return code


def _disk(error: OSError) -> int:
    """A disk that is full, read-only or broken is no defect of doctor: say which file could not be read or written."""
    own = os.path.abspath(os.fsdecode(error.filename)).startswith(state_dir() + "/")
    what = "doctor's own file can't be read or written" if own else "a file can't be read or written"
    do = "make room on that disk or repair it" + (", or set DOCTOR_STATE_DIR to another place" if own else "")
    _tell(f"{what}: {error.strerror} at {os.fsdecode(error.filename)} — {do}")
    return ExitCode.INCOMPLETE


def _unwritten(error: OSError) -> int:
    _nobody_reads()
    _tell(f"can't write the output: {error.strerror}")
    return ExitCode.INCOMPLETE


def _defect(error: Exception) -> int:
    if os.environ.get("DOCTOR_TRACEBACK"):
        raise error
    from doctor.scan.resolve import located

    text = located(error).encode("utf-8", "backslashreplace").decode()
    _tell(f"this is a defect of doctor: {text} — set DOCTOR_TRACEBACK=1 for more")
    return ExitCode.INCOMPLETE


def _nobody_reads() -> int:
    """The reader went away (doctor scan | head): not an error of the scan. What is still buffered goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 141


def _tell(text: str) -> None:
    # Closed by the caller (2>&-), sys.stderr is None, and print would take standard output.
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            from doctor.facts.secrets.redact import redact

            print(f"doctor: {pasted(redact(text))}", file=sys.stderr, flush=True)

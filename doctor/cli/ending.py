"""Every way a command can end, turned into an exit code."""

import gc
import os
import sys
from collections.abc import Callable

from doctor.model.errors import DoctorError


def ended(work: Callable[[], object]) -> int:
    """Do the work; return its exit code, or that of what stopped it, told in one line on standard error."""
    try:
        return _code(work)
    finally:
        # The interpreter looks for cycles several times while it ends, among all that was ever imported: 25 ms for nothing.
        gc.freeze()


def _code(work: Callable[[], object]) -> int:
    try:
        result = work()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except DoctorError as error:
        print(f"doctor: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("doctor: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader went away (doctor scan | head): not an error of the scan.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except Exception as error:  # boundary 3 of 3: a defect of doctor is told in one line
        if os.environ.get("DOCTOR_TRACEBACK"):
            raise
        from doctor.scan.resolve import located

        text = located(error).encode("utf-8", "backslashreplace").decode()
        print(f"doctor: this is a defect of doctor: {text} — set DOCTOR_TRACEBACK=1 for more", file=sys.stderr)
        return 3
    return result if isinstance(result, int) else 0

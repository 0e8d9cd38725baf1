"""``command:/PATH``: runs a program with the notification as JSON on its standard input."""

import os
import shlex
import subprocess

from doctor.model.errors import DoctorError
from doctor.model.text import visible
from doctor.notify.recipients import Delivery
from doctor.notify.send import Parcel
from doctor.state.trust import refuse_weak

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def check(delivery: Delivery) -> None:
    """Raise ``DoctorError`` if the program does not exist, or others could change what root would run."""
    program = _words(delivery)[0]
    if not os.path.isfile(program) or not os.access(program, os.X_OK):
        raise DoctorError("the program for notifications does not exist or is not executable", where=program)
    refuse_weak(program, "the program for notifications")


def send(parcel: Parcel) -> None:
    """Run it once: a program that fails may have done its work already."""
    check(parcel.delivery)
    notice, limit = parcel.notice, parcel.delivery.given.timeout
    words = _words(parcel.delivery)
    environment = {
        "PATH": _PATH,
        "LANG": "C.UTF-8",
        "DOCTOR_HOST": notice.name,
        "DOCTOR_SUBJECT": notice.subject(),
        "DOCTOR_SEVERITY": notice.severity.word,
        "DOCTOR_TEST": "1" if notice.is_test else "0",
    }
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise DoctorError(f"can't run it: {error.strerror}", where=words[0]) from error
    with process:
        try:
            _, said = process.communicate(notice.document(), timeout=limit)
        except subprocess.TimeoutExpired:
            # Its children as well: they hold the pipe.
            os.killpg(process.pid, 9)
            raise DoctorError(f"it did not end within {limit} s and was killed", where=words[0]) from None
    if process.returncode != 0:
        lines = visible(said[:4096].decode("utf-8", "surrogateescape").strip(), keep="\n").splitlines()
        raise DoctorError(
            f"it exited with {process.returncode}: {lines[-1][:200] if lines else 'no message'}", where=words[0]
        )


def _words(delivery: Delivery) -> list[str]:
    try:
        return shlex.split(delivery.place)
    except ValueError as error:
        raise DoctorError(f"can't split the command: {error}", where=delivery.shown) from None

"""``mailto:ADDRESS``: an e-mail by the host's sendmail."""

import os
import subprocess

from doctor.model.errors import DoctorError
from doctor.model.text import visible
from doctor.notify.mail import MailRoute, message
from doctor.notify.recipients import Delivery
from doctor.notify.send import Parcel, TryLaterError

PLACES = ("/usr/sbin/sendmail", "/usr/lib/sendmail", "/usr/bin/sendmail", "/sbin/sendmail")
_TRY_LATER = 75
"""EX_TEMPFAIL of sysexits.h."""


def check(delivery: Delivery) -> None:
    """Raise ``DoctorError`` for an invalid address, or on a host without sendmail."""
    MailRoute(delivery)
    _program()


def send(parcel: Parcel) -> None:
    """Hand the message to sendmail, which queues it."""
    way = MailRoute(parcel.delivery)
    program, limit = _program(), parcel.delivery.given.timeout
    address = parcel.delivery.address
    made = message(parcel.notice, way.sender_on(parcel.notice), address)
    # -i: a line with a single dot does not end the message. The sender of the envelope is who runs it, as for cron.
    argv = [program, "-i", *(("-f", way.sender) if way.sender else ()), "--", address]
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LOGNAME": "root",
        "USER": "root",
        "LANG": "C",
    }
    # Programs of the host read a message with the line ends of the host.
    content = made.as_bytes().replace(b"\r\n", b"\n")
    try:
        done = subprocess.run(
            argv, input=content, capture_output=True, timeout=limit, check=False, env=environment, cwd="/"
        )
    except subprocess.TimeoutExpired:
        raise TryLaterError(f"it did not end within {limit} s", where=program) from None
    except OSError as error:
        raise DoctorError(f"can't run it: {error.strerror}", where=program) from error
    if done.returncode != 0:
        lines = visible((done.stderr or done.stdout)[:4096].decode("utf-8", "replace").strip(), keep="\n").splitlines()
        kind = TryLaterError if done.returncode == _TRY_LATER else DoctorError
        raise kind(f"it exited with {done.returncode}: {lines[-1][:200] if lines else 'no message'}", where=program)


def _program() -> str:
    for path in PLACES:
        if os.access(path, os.X_OK):
            return path
    raise DoctorError(
        "this host has no sendmail", where=PLACES[0], do="install a mail program, or use smtp://HOST/?to=ADDRESS"
    )

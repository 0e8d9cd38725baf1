"""``journal``: one entry a change, by the journal's native protocol, with the priority that the problem deserves.

See https://systemd.io/JOURNAL_NATIVE_PROTOCOL/. The fields let a reader select: ``journalctl DOCTOR_CHECK=network/ip-forward-off``.
"""

import errno
import os
import socket
from collections.abc import Iterator

from doctor.model.errors import DoctorError
from doctor.model.severity import Severity
from doctor.model.text import visible
from doctor.notify.news import NewsItem
from doctor.notify.notice import Notice
from doctor.notify.recipients import Delivery
from doctor.notify.send import Parcel, TryLaterError

SOCKET = "/run/systemd/journal/socket"
MESSAGE_ID = "7d3c5a2f0b9e4c61a8f1d24e6b90c3f7"
_LONGEST = 8192
# syslog(3): 2 critical, 3 error, 4 warning, 5 notice, 6 info.
_PRIORITIES = {Severity.CRITICAL: 2, Severity.ERROR: 3, Severity.WARNING: 4, Severity.INFO: 6}
_NOTICE = 5


def check(delivery: Delivery) -> None:
    """Raise ``DoctorError`` on a host without a journal."""
    if not os.path.exists(SOCKET):
        raise DoctorError(
            "this host has no systemd journal", where=SOCKET, do=f"choose another recipient than {delivery.shown}"
        )


def send(parcel: Parcel) -> None:
    """Send every entry; of several, those before a failed one are in the journal."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    client.settimeout(parcel.delivery.given.timeout)
    with client:
        for fields in entries(parcel.notice):
            try:
                client.sendto(packed(fields), SOCKET)
            except OSError as error:
                if error.errno in {errno.EAGAIN, errno.ECONNREFUSED, None}:
                    raise TryLaterError("the journal does not accept entries", where=SOCKET) from error
                raise DoctorError(f"can't write to the journal: {error.strerror}", where=SOCKET) from error


def entries(notice: Notice) -> Iterator[dict[str, str]]:
    """Yield the fields of each entry."""
    common = {
        "SYSLOG_IDENTIFIER": "doctor",
        "MESSAGE_ID": MESSAGE_ID,
        "DOCTOR_VERSION": notice.doctor,
        "DOCTOR_NOTICE": notice.id,
    }
    if notice.is_test:
        yield common | {"MESSAGE": notice.subject(), "PRIORITY": "6", "DOCTOR_CHANGE": "test"}
    for one in notice.news:
        yield common | _fields(one)
    if notice.omitted:
        yield common | {"MESSAGE": f"{notice.omitted} more changes", "PRIORITY": "5", "DOCTOR_CHANGE": "omitted"}


def _fields(one: NewsItem) -> dict[str, str]:
    problem = one.problem
    is_good = one.change in {"resolved", "waived"}
    return {
        "MESSAGE": f"{one.change}: {problem.message} [{problem.id}]" + (f"; {one.note}" if one.note else ""),
        "PRIORITY": str(_NOTICE if is_good else _PRIORITIES[problem.severity]),
        "DOCTOR_CHANGE": one.change,
        "DOCTOR_CHECK": problem.id,
        "DOCTOR_SEVERITY": problem.severity.word,
        "DOCTOR_SUBJECT_KIND": problem.kind,
        "DOCTOR_SUBJECT": problem.subject,
        "DOCTOR_FINGERPRINT": problem.finding.fingerprint,
    }


def packed(fields: dict[str, str]) -> bytes:
    r"""Return one datagram; a value is escaped, so that no line of it can become a field.

    >>> packed({"MESSAGE": "web\nPRIORITY=0", "PRIORITY": "4"})
    b'MESSAGE=web\\nPRIORITY=0\nPRIORITY=4\n'
    """
    return b"".join(f"{name}={visible(value)[:_LONGEST]}\n".encode() for name, value in fields.items())

"""``textfile:PATH`` and ``nagios:PATH``: files that show the state after each scan, replaced as a whole.

A text file has the metrics of the scan, for node_exporter. A file for nagios has one passive result as an external command; PATH may
also be the command pipe of a nagios on this host.
"""

import os
import stat
import threading

from doctor.model.errors import DoctorError
from doctor.notify.recipients import Delivery
from doctor.notify.send import Parcel, TryLaterError
from doctor.state.out import write_out

_SERVICE = "doctor"
_ONE_AT_A_TIME = threading.Lock()
"""The temporary file has the name of the process, and each recipient a thread."""
_LONGEST = 4000


def check(delivery: Delivery) -> None:
    """Raise ``DoctorError`` if the directory does not exist, or the name is not one that node_exporter reads."""
    place = delivery.place
    if not os.path.isdir(os.path.dirname(place)):
        raise DoctorError(
            "the directory of a recipient does not exist", where=os.path.dirname(place), do="create it first"
        )
    if delivery.word == "textfile" and not place.endswith(".prom"):
        raise DoctorError("node_exporter reads only files that end in .prom", where=place, do="choose such a name")


def send(parcel: Parcel) -> None:
    """Write the file; a test of a text file leaves the metrics as they are and only proves that it can be written."""
    place = parcel.delivery.place
    if parcel.delivery.word == "textfile":
        content = b"" if parcel.render is None else parcel.render("prometheus")[0] + parcel.extra
        _write(place, content or _kept(place))
    else:
        line = passive(parcel)
        if not _into_pipe(place, line):
            _write(place, line)


def passive(parcel: Parcel) -> bytes:
    """Return the external command with the result: https://assets.nagios.com/downloads/nagioscore/docs/externalcmds/."""
    notice = parcel.notice
    if notice.is_test or parcel.render is None:
        # Unknown, not OK: a test must not clear an alert.
        code, says = 3, f"CONTAINERS UNKNOWN - {notice.subject()}"
    else:
        raw, code = parcel.render("nagios")
        says = raw.decode("utf-8").split("\n")[0]
    # The output is the rest of the line, semicolons included; a pipe takes 4096 bytes at once.
    line = f"[{int(notice.sent)}] PROCESS_SERVICE_CHECK_RESULT;{notice.name};{_SERVICE};{code};{says}".encode()
    return line[:_LONGEST] + b"\n"


def _kept(place: str) -> bytes:
    try:
        with open(place, "rb") as stream:
            return stream.read(16 << 20)
    except FileNotFoundError:
        return b"# doctor: no scan has run yet\n"
    except OSError as error:
        raise DoctorError(f"can't read the file: {error.strerror}", where=place) from error


def _into_pipe(place: str, line: bytes) -> bool:
    """Write to the command pipe, if the path is one; nobody may read it, so opening it must not wait."""
    try:
        if not stat.S_ISFIFO(os.stat(place).st_mode):
            return False
        pipe = os.open(place, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise TryLaterError(f"nagios does not read its command pipe: {error.strerror}", where=place) from error
    try:
        os.write(pipe, line)
    except OSError as error:
        raise TryLaterError(f"can't write to the command pipe: {error.strerror}", where=place) from error
    finally:
        os.close(pipe)
    return True


def _write(place: str, content: bytes) -> None:
    try:
        with _ONE_AT_A_TIME:
            write_out(place, content)
    except OSError as error:
        raise DoctorError(f"can't write the file: {error.strerror}", where=place) from error

"""The host has almost reached its limit of open files."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.details import OfLimit
from doctor.facts.kernel.sysctl import Sysctl


@check(
    severity=Severity.WARNING,
    detail=OfLimit,
    breaks=("limits",),
    ok="the host is below its limit of open files",
    messages=(
        Message(
            pattern="too many open files(?: in system)?",
            example="accept4: too many open files",
            means="a process has no file descriptors left, or the user has no inotify instances left",
            do="raise the limit (LimitNOFILE of the service, 'ulimits' of the container)",
            also=("resources/inotify",),
            apart="whether the line names inotify or fsnotify, a process, or the whole system",
        ),
    ),
)
def fd_exhaustion(sysctl: Sysctl) -> Iterator[Finding]:
    """The host has almost reached its limit of open files, so programs fail with "too many open files in system".

    What it looks at:
        fs.file-nr: allocated handles against fs.file-max. A warning from 70 %, an error from 90 %.

    Why it matters:
        The limit applies to the whole host: one leaking container stops the engine, logging and ssh.

    How it is fixed:
        fs.file-max is doubled, now and in sysctl.d. Find the program that holds the files yourself (lsof).

    References:
        https://docs.kernel.org/admin-guide/sysctl/fs.html
    """
    numbers = (sysctl.value("fs.file-nr") or "").split()
    if len(numbers) != 3 or not all(number.isdigit() for number in numbers):
        return
    used, limit = int(numbers[0]) - int(numbers[1]), sysctl.number("fs.file-max")
    if not limit or used < 0.7 * limit:
        return
    percent = used * 100 // limit
    yield Finding(
        subject=Subject("sysctl", "fs.file-max"),
        message=f'{used} of {limit} files are open ({percent} %): programs will soon fail with "too many open files in system"',
        evidence=(Evidence("/proc/sys/fs/file-nr", " ".join(numbers)),),
        detail=OfLimit(wanted=limit * 2),
        severity=Severity.ERROR if percent >= 90 else None,
    )

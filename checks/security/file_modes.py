"""Others may write files that the engine starts with."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.guarded_files import GuardedFile, GuardedFiles


@check(severity=Severity.WARNING, detail=GuardedFile, ok="nobody but root can write what the engine starts with")
def file_modes(files: GuardedFiles) -> Iterator[Finding]:
    """A file that the engine starts with can be written by others than root, or its key read, which makes them root.

    What it looks at:
        Owner and permission bits, bit by bit, of daemon.json, /etc/docker, the unit with drop-ins, options files, the init script, and
        the TLS files that are set.

    Why it matters:
        daemon.json can name a runtime, a unit names a program: both run as root. A readable TLS key lets its reader talk to the
        engine as a client.

    How it is fixed:
        The bits that are too many are taken away; a wrong owner is left to a person.

    References:
        https://www.cisecurity.org/benchmark/docker
    """
    for file in files.items:
        if file.kind == "s":
            continue
        writable = file.excess & 0o022
        readable = file.excess & 0o044 if file.allowed == 0o600 else 0
        foreign = file.uid != 0
        if not writable and not readable and not foreign:
            continue
        who = f"user {file.uid}" if foreign else "everybody" if file.excess & 0o006 else "its group"
        verb = "write" if writable or foreign else "read"
        yield Finding(
            subject=Subject("file", file.path),
            message=f"{who} can {verb} {file.path}, {file.what}, and become root by it",
            evidence=(Evidence(file.path, f"mode {file.mode:04o}, owner {file.uid}:{file.gid}"),),
            detail=file,
            severity=Severity.ERROR if file.excess & 0o002 else None,
        )

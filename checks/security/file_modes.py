"""Users other than root can write the engine's files."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.guarded_files import GuardedFile, GuardedFiles


@check(
    severity=Severity.WARNING,
    security=True,
    detail=GuardedFile,
    ok="only root can write the engine's settings and units",
)
def file_modes(files: GuardedFiles) -> Iterator[Finding]:
    """A user other than root can write a file of the engine or read its TLS key, and so become root.

    What it looks at:
        Owner and permission bits of daemon.json, /etc/docker, the unit with drop-ins, options files, the init script, and the TLS
        files in the settings.

    Why it matters:
        daemon.json can name a runtime, and a unit names a program: both run as root. A user who can read the TLS key can connect
        to the engine as a client.

    How it is fixed:
        The excess permission bits are removed. For a wrong owner, doctor only advises.

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
        who = f"user {file.uid}" if foreign else "every user" if file.excess & 0o006 else "its group"
        verb = "write" if writable or foreign else "read"
        yield Finding(
            subject=Subject("file", file.path),
            message=f"{who} can {verb} {file.path}, {file.what}, and so become root",
            evidence=(Evidence(file.path, f"mode {file.mode:04o}, owner {file.uid}:{file.gid}"),),
            detail=file,
            severity=Severity.ERROR if file.excess & 0o002 else None,
        )

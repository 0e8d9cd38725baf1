"""Everybody may use the engine's socket."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.guarded_files import GuardedFile, GuardedFiles


@check(severity=Severity.ERROR, detail=GuardedFile, ok="the engine's sockets are for root and their group only")
def socket_open(files: GuardedFiles) -> Iterator[Finding]:
    """Everybody on this host may write to the engine's socket, which makes everybody root.

    What it looks at:
        The permission bits of /var/run/docker.sock and containerd's socket: at most read and write for owner and group.

    Why it matters:
        Whoever can talk to the engine starts a privileged container with the host's files in it. "chmod 666" is a popular answer to
        "permission denied", and lasts until the engine makes its socket again.

    How it is fixed:
        The bits for others are taken away; nothing restarts. People who need it belong into the group docker.

    References:
        https://docs.docker.com/engine/security/#docker-daemon-attack-surface
    """
    for file in files.items:
        if file.kind == "s" and file.excess & 0o007:
            yield Finding(
                subject=Subject("file", file.path),
                message=f"everybody on this host is root: {file.path}, {file.what}, is open to all",
                evidence=(Evidence(file.path, f"mode {file.mode:04o}"),),
                detail=file,
            )

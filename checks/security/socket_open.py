"""Every user can use the engine's socket."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.guarded_files import GuardedFile, GuardedFiles


@check(
    severity=Severity.ERROR,
    security=True,
    detail=GuardedFile,
    ok="only root and the socket's group can use the engine's sockets",
)
def socket_open(files: GuardedFiles) -> Iterator[Finding]:
    """Every user of this host can write to the engine's socket, and so become root.

    What it looks at:
        The permission bits of /var/run/docker.sock and containerd's socket: at most read and write for owner and group.

    Why it matters:
        A user who can connect to the engine can start a privileged container that mounts the host's files. The cause is often
        "chmod 666" after a "permission denied"; it lasts until the engine recreates its socket.

    How it is fixed:
        The permissions for others are removed; nothing restarts. Add users who need access to the group docker.

    References:
        https://docs.docker.com/engine/security/#docker-daemon-attack-surface
    """
    for file in files.items:
        if file.kind == "s" and file.excess & 0o007:
            yield Finding(
                subject=Subject("file", file.path),
                message=f"{file.path}, {file.what}, is open to all: every user of this host can become root",
                evidence=(Evidence(file.path, f"mode {file.mode:04o}"),),
                detail=file,
            )

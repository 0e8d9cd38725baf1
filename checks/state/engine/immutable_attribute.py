"""A file that the engine must write is immutable."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.engine.details import Held
from doctor.facts.engine.held_files import HeldFiles

_COST = {
    "start": "the next start of the engine fails",
    "create": "no image can be pulled and no container created",
    "load": "the engine does not load container {0} at its next start",
    "run": "container {0} can't start",
    "save": "the engine can't save changes of container {0}",
}
_SEVERITY = {"start": Severity.CRITICAL, "save": Severity.WARNING}


@check(
    severity=Severity.ERROR,
    detail=Held,
    breaks=("storage",),
    ok="no file that the engine writes is immutable",
    messages=(
        Message(
            pattern=r"(?:chown|chmod|lchown|remove|unlink|rename|open) /var/lib/docker\S*: operation not permitted",
            example="failed to start daemon: chmod /var/lib/docker: operation not permitted",
            means="a file in the data root can't be changed even by root, perhaps because it is immutable",
            do="look for the attribute i with 'lsattr', and remove it with 'chattr -i'",
        ),
    ),
)
def immutable_attribute(files: HeldFiles) -> Iterator[Finding]:
    """A file that the engine must write is immutable or append-only, so the engine or a container does not start.

    What it looks at:
        The flags that ``chattr +i`` and ``+a`` set, on the data root, on the engine's databases, on the directories that it
        writes, and on each container's own files. An append-only log is not reported.

    Why it matters:
        Nobody can change such a file, not even root, and the only error is "operation not permitted". If it is a database, the
        engine does not start. If it is a container's directory, the container disappears from ``docker ps -a``; if it is its
        ``hosts``, the container does not start. If it is ``config.v2.json``, nothing fails, but after the next crash the engine
        uses an old state.

    How it is fixed:
        The flag is cleared, except on an empty data root. There the flag prevents the engine from writing below the mount point
        of a disk that is not mounted: mount the disk.

    References:
        https://man7.org/linux/man-pages/man1/chattr.1.html
        https://man7.org/linux/man-pages/man2/FS_IOC_SETFLAGS.2const.html
    """
    for file in files.items:
        yield Finding(
            subject=Subject("file", file.path),
            message=f"{file.path} is {file.word}: {_COST[file.costs].format(file.container)}",
            evidence=(Evidence(f"lsattr -d {file.path}", file.word),),
            detail=Held(path=file.path, is_guard=files.root_is_empty),
            severity=_SEVERITY.get(file.costs),
            stops_start=file.costs == "start",
        )

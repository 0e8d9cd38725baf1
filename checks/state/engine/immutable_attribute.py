"""A file that the engine must write is immutable."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.engine.details import Held
from doctor.facts.engine.held_files import HeldFiles

_COST = {
    "start": "the next start of the engine fails",
    "create": "no image can be pulled and no container made",
    "load": "container {0} vanishes at the engine's next start",
    "run": "container {0} can't start",
    "save": "the engine can't save what changes of container {0}",
}
_SEVERITY = {"start": Severity.CRITICAL, "save": Severity.WARNING}


@check(severity=Severity.ERROR, detail=Held, breaks=("storage",), ok="nothing that the engine writes is immutable")
def immutable_attribute(files: HeldFiles) -> Iterator[Finding]:
    """A file that the engine must write is immutable or append-only, so the engine or a container does not start.

    What it looks at:
        The flags that ``chattr +i`` and ``+a`` set, on the data root, on the engine's databases and on the directories it
        writes into, and on each container's own files. A log that is append-only is as good as any.

    Why it matters:
        Nobody can change such a file, root neither, and the error is only "operation not permitted". On a database the engine
        does not start; on a container's directory that container vanishes from ``docker ps -a``; on its ``hosts`` it does not
        start. On ``config.v2.json`` nothing fails, and after the next crash the engine believes an old state.

    How it is fixed:
        The flag is cleared. Not on an empty data root: there it keeps the engine from writing beneath a disk that is not
        mounted, and the disk is what is missing.

    References:
        https://man7.org/linux/man-pages/man1/chattr.1.html
        https://man7.org/linux/man-pages/man2/FS_IOC_SETFLAGS.2const.html
    """
    for file in files.items:
        yield Finding(
            subject=Subject("file", file.path),
            message=f"{_COST[file.costs].format(file.container)}: {file.path} is {file.word}",
            evidence=(Evidence(f"lsattr -d {file.path}", file.word),),
            detail=Held(path=file.path, is_guard=files.root_is_empty),
            severity=_SEVERITY.get(file.costs),
            stops_start=file.costs == "start",
        )

"""The hosts file of a running container hides another container."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.files import ChangedFile, NameFiles


@check(
    severity=Severity.ERROR,
    detail=ChangedFile,
    breaks=("dns",),
    ok="no hosts file of a running container gives another container's name a foreign address",
)
def container_hosts_hide(files: NameFiles) -> Iterator[Finding]:
    """A line that was added to a container's hosts file gives the name of another container an address that is not its own.

    What it looks at:
        The hosts file of each running container, beside names and addresses of the containers on its networks. Names that it was
        created with (``--add-host``) are left out, and so is a change within five seconds of its start, which is its own program's.

    Why it matters:
        Programs look into this file before they ask a name server: the name leads them to the wrong address, while every other
        container reaches the right one.

    How it is fixed:
        The line is removed, without a restart of the container; the other lines stay. An undo adds it again.

    References:
        https://docs.docker.com/engine/network/#custom-hosts
    """
    for one in files.hosts:
        line, name, right = one.lines[0]
        yield Finding(
            subject=Subject("container", one.container),
            message=f"the hosts file of container {one.container} gives {name} the address {line.split()[0]}, not {right}: it does not reach that container by name",
            evidence=tuple(Evidence(one.path, line) for line, _, _ in one.lines[:4]),
            detail=one,
        )

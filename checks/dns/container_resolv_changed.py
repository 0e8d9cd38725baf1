"""The list of name servers of a running container was changed after its start."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.path.ends.files import ChangedFile, NameFiles
from doctor.facts.path.resolvers import ADDRESS


@check(
    severity=Severity.ERROR,
    detail=ChangedFile,
    breaks=("dns",),
    ok="every running container asks the name servers that the engine gave it",
)
def container_resolv_changed(files: NameFiles) -> Iterator[Finding]:
    """The resolv.conf of a running container names no server, or on a network of a user not the engine's name server.

    What it looks at:
        The resolv.conf of each running container, beside the digest that the engine noted when it wrote the file. Another server
        within five seconds of the container's start is its own program's will and left out, as are containers whose programs may change the
        network (NET_ADMIN, as VPN clients have it) and files that the user mounted.

    Why it matters:
        Without a server no name resolves. Without the engine's one at 127.0.0.11 the names of other containers do not, and those of
        hosts outside only if the new server answers. ``docker inspect`` shows nothing of it.

    How it is fixed:
        The engine's content is written back, without a restart of the container: that of another container's file for which the
        engine noted the same digest. Without such a file, the restart is shown, which writes it.

    References:
        https://docs.docker.com/engine/network/#dns-services
    """
    for one in files.resolvers:
        shown = ", ".join(one.servers[:3])
        if not one.servers:
            effect = "names no name server: it resolves no names"
        elif one.is_own and ADDRESS not in one.servers:
            effect = f"was changed after its start: it asks {shown}, not the engine's name server, so names of other containers do not resolve"
        else:
            continue
        yield Finding(
            subject=Subject("container", one.container),
            message=f"the resolv.conf of container {one.container} {effect}",
            evidence=(Evidence(one.path, f"nameserver {shown}" if shown else "no line 'nameserver'"),),
            detail=one,
        )

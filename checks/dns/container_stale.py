"""Running containers ask name servers that the host no longer uses."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.details import OfContainers
from doctor.facts.network.dns import RESOLV_CONF, RESOLVED, HostDns, is_loopback
from doctor.facts.path.resolv_files import ContainerServers, ResolvFiles
from doctor.model.text import plural


@check(
    severity=Severity.WARNING,
    detail=OfContainers,
    breaks=("dns",),
    ok="every running container asks name servers that the host uses too",
)
def container_stale(files: ResolvFiles, dns: HostDns) -> Iterator[Finding]:
    """A container was started with other name servers than the host has now, and keeps asking the old ones.

    What it looks at:
        The resolv.conf that the engine wrote for each running container, and the host's. Containers with name servers of their own
        (``--dns``, or the engine's setting "dns") are left out, and so are files that do not name the host's file: those of engines
        before 26.

    Why it matters:
        The engine copies the host's name servers when a container starts. If the host moves to another network, or its VPN
        changes, the container keeps asking servers that may not be reachable any more.

    How it is fixed:
        Manually: a restart of the container copies the servers again. Only the user knows when it may be away for a moment.

    References:
        https://docs.docker.com/engine/network/#dns-services
    """
    if dns.config is None:
        return
    path = RESOLVED if dns.is_stub else RESOLV_CONF
    listed = next((servers.config.nameservers for servers in dns.lists if servers.path == RESOLVED), ())
    now = {server for server in (listed if dns.is_stub else dns.config.nameservers) if not is_loopback(server)}
    if not now:
        return
    stale: dict[tuple[str, ...], list[ContainerServers]] = {}
    for item in files.items:
        # The engine asks a server on the loopback itself, in the host's namespace: the present one may listen there.
        if not item.source or item.is_chosen or not item.servers or any(map(is_loopback, item.servers)):
            continue
        if now.isdisjoint(item.servers):
            stale.setdefault(item.servers, []).append(item)
    for servers, items in stale.items():
        old, new = ", ".join(servers[:3]), ", ".join(sorted(now)[:3])
        names = tuple(sorted(item.container for item in items))
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        yield Finding(
            subject=Subject("resolver", old),
            message=f"{plural(len(names), 'container')} ({shown}) got name server {old} at the start, and the host now uses {new}",
            evidence=(Evidence(items[0].path, f"name server {old}"), Evidence(path, f"nameserver {new}")),
            detail=OfContainers(names=names),
        )

"""A container shares the network of a container that restarted or stopped since."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.details import SharedNetwork
from doctor.facts.containers.needs import titles
from doctor.facts.path.namespace import NetNamespace
from doctor.facts.path.namespaces import NetNamespaces


@check(
    severity=Severity.ERROR,
    detail=SharedNetwork,
    ok="each container that shares the network of another one has its present network",
)
def shared_network_stale(containers: Containers, namespaces: NetNamespaces) -> Iterator[Finding]:
    """A running container shares the network of a container that restarted or stopped since its own start, so it has none.

    What it looks at:
        Running containers with ``container:…`` as NetworkMode: whether they are in the same network namespace as that container,
        and, if that one does not run, whether theirs has any interface but lo.

    Why it matters:
        A container that restarts gets a new network namespace, and the engine takes the interfaces away from the old one. Containers that
        joined the old one (``--network container:vpn``, ``network_mode: service:vpn``) stay there: they reach nothing, nothing
        reaches them, and ``docker ps`` shows them as running. This is usual after a VPN container was restarted or updated.

    How it is fixed:
        Manually: restart these containers. With compose it does not happen again if they have ``depends_on`` with
        ``restart: true`` for that service, for restarts that compose itself does.

    References:
        https://docs.docker.com/engine/network/#container-networks
        https://docs.docker.com/reference/compose-file/services/#depends_on
    """
    stale: dict[str, list[Container]] = {}
    for one in containers.items:
        owner, inner = _owner(one, containers), namespaces.of(one.id)
        if owner is not None and inner is not None and _is_stale(owner, inner, namespaces):
            stale.setdefault(owner.id, []).append(one)
    for owner in containers.items:
        users = stale.get(owner.id, [])
        if users:
            yield _finding(owner, users, namespaces)


def _finding(owner: Container, users: list[Container], namespaces: NetNamespaces) -> Finding:
    share, have = ("share", "have") if len(users) > 1 else ("shares", "has")
    since = "restarted since" if owner.state.running else "does not run"
    inner = namespaces.of(users[0].id)
    links = "" if inner is None else ", ".join(link.name for link in inner.links)
    return Finding(
        subject=Subject("container", owner.title),
        message=f"{titles(users)} {share} the network of container {owner.title}, which {since}, and {have} no connection to anything",
        evidence=(
            Evidence(users[0].host_config_path, f"NetworkMode container:{owner.short}"),
            Evidence(f"interfaces of {users[0].title}", links or "none"),
        ),
        detail=SharedNetwork(owner=owner.title, runs=owner.state.running, names=tuple(one.title for one in users[:20])),
    )


def _owner(one: Container, containers: Containers) -> Container | None:
    """Return the container whose network another one shares."""
    mode = "" if one.host is None else one.host.network_mode
    kind, _, name = mode.partition(":")
    if kind != "container" or not name:
        return None
    named = [other for other in containers.items if name in {other.id, other.name}]
    found = named or [other for other in containers.items if len(name) >= 12 and other.id.startswith(name)]
    return found[0] if len(found) == 1 else None


def _is_stale(owner: Container, inner: NetNamespace, namespaces: NetNamespaces) -> bool:
    present = namespaces.of(owner.id)
    if present is not None:
        return present.inode != inner.inode and not _has_interface(inner)
    return not owner.state.running and not _has_interface(inner)


def _has_interface(inner: NetNamespace) -> bool:
    return "links" in inner.cut or any(not link.is_loopback for link in inner.links)

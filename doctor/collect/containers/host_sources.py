"""Checks that devices and directories of the host exist that containers name. Costs nothing if there are none."""

from collections.abc import Callable, Iterable

from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.host_sources import ContainerSources
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath


@collector
def container_sources(host: Host, containers: Containers) -> ContainerSources:
    """Return what is missing."""
    if not host.is_live():
        raise HostError(Missing(Why.ABSENT, "not a running machine, so its devices and mounts can't be checked"))
    gaps: list[Missing] = []
    seen: dict[str, bool] = {}

    def is_gone(path: str) -> bool:
        if path not in seen:
            seen[path] = _is_gone(host, HostPath(path), gaps)
        return seen[path]

    return ContainerSources(
        devices=_missing(containers.items, lambda one: one.host.devices if one.host is not None else (), is_gone),
        mounts=_missing(containers.items, lambda one: (m.source for m in one.mounts if m.must_exist), is_gone),
        gaps=tuple(gaps),
    )


def _missing(
    items: tuple[Container, ...], named: Callable[[Container], Iterable[str]], is_gone: Callable[[str], bool]
) -> dict[str, tuple[HostPath, ...]]:
    found = {}
    for one in items:
        gone = tuple(HostPath(path) for path in dict.fromkeys(named(one)) if path.startswith("/") and is_gone(path))
        if gone:
            found[one.id] = gone
    return found


def _is_gone(host: Host, path: HostPath, gaps: list[Missing]) -> bool:
    """Whether nothing exists at a path, with links followed; what can't be examined is not missing."""
    try:
        host.lstat(host.resolve(path))
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return error.is_absent
    return False

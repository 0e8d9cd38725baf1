"""Reads the hosts.toml of registries where containerd's settings name their directory. dockerd reads none (seen with 26.1)."""

import posixpath
from collections.abc import Iterator

from doctor.facts.containerd.config import ContainerdConfig
from doctor.facts.containerd.registry_hosts import HostsFlaw, RegistryHostsFiles
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_MOST = 100
_BYTES = 64 << 10


@collector
def registry_hosts_files(host: Host, config: ContainerdConfig) -> RegistryHostsFiles:
    """Return the flaws; the first directory of several that has a registry's one counts."""
    if config.cri is None or not config.cri.certificates:
        raise HostError(Missing(Why.ABSENT, f"{config.cri_path}: no directory of registries is set"))
    gaps: list[Missing] = []
    flaws: list[HostsFlaw] = []
    seen: set[str] = set()
    for top in config.cri.certificates.split(":"):
        if not top.startswith("/"):
            continue
        for registry in _names(host, HostPath(top), gaps)[:_MOST]:
            if registry not in seen:
                seen.add(registry)
                flaws += _flaws(host, HostPath(join(HostPath(top), registry)), registry, gaps)
    return RegistryHostsFiles(flaws=tuple(flaws), gaps=tuple(gaps))


def _names(host: Host, path: HostPath, gaps: list[Missing]) -> list[str]:
    try:
        return sorted(host.listdir(path))
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return []


def _flaws(host: Host, directory: HostPath, registry: str, gaps: list[Missing]) -> Iterator[HostsFlaw]:
    from doctor.formats.config import registry_hosts as hosts_toml  # noqa: PLC0415 - few nodes have such a file

    path = join(directory, "hosts.toml")
    try:
        found = hosts_toml.read(host.read(path, limit_bytes=_BYTES))
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return
    if found.problem:
        yield HostsFlaw(path=path, registry=registry, why=found.problem)
    for name in found.files:
        whole = HostPath(posixpath.normpath(posixpath.join(directory, name)))
        try:
            host.lstat(whole)
        except HostError as error:
            if error.is_absent:
                yield HostsFlaw(path=path, registry=registry, lost=whole)

"""Reads the modes of the directories that contain all layer directories and short links: two calls."""

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.layers.directory_modes import DirectoryModes
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why

_RIGHT = {"": 0o710, docker.SHORT_LINKS: 0o700}


@collector
def directory_modes(host: Host, root: DataRoot) -> DirectoryModes:
    """Return the modes; absent if this root never used overlay2."""
    if not root.has(docker.OVERLAY2):
        raise HostError(Missing(Why.ABSENT, f"{root.resolved}: no overlay2"))
    found, gaps = {}, []
    for name in _RIGHT:
        path = root.at(docker.OVERLAY2, *filter(None, (name,)))
        try:
            stat = host.lstat(path, follow=False)
        except HostError as error:
            if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
                gaps.append(error.missing)
            continue
        if stat.kind == "d":
            found[path] = stat
    return DirectoryModes(
        found=found,
        right={path: _RIGHT[docker.SHORT_LINKS if path.endswith(f"/{docker.SHORT_LINKS}") else ""] for path in found},
        # With userns-remap the owner is the mapped root or root, depending on the engine version that created it.
        uid=root.uid if root.mapped_root is not None or not root.is_of_root else 0,
        is_reachable=bool(root.mode & 0o001),
        gaps=tuple(gaps),
    )

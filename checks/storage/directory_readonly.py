"""A directory of the data root is mounted read-only."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.host.mounts import Mounts

_NOTHING_NEW = "no container can be created and no image pulled"
_LOST = {
    "buildkit": "no image can be built",
    "containers": "no container can be created, and settings of existing ones can't be saved",
    "image": _NOTHING_NEW,
    "network": "networks can't be saved",
    "overlay2": _NOTHING_NEW,
    "fuse-overlayfs": _NOTHING_NEW,
    "vfs": _NOTHING_NEW,
    "plugins": "no plugin can be installed",
    "swarm": "the swarm's state can't be saved",
    "tmp": "images can't be pulled, loaded or built",
    "volumes": "no volume can be created",
}


@check(severity=Severity.ERROR, breaks=("start", "storage"), ok="no directory of the data root is mounted read-only")
def directory_readonly(mounts: Mounts, config: EngineConfig) -> Iterator[Finding]:
    """A directory of the data root has a mount of its own that is read-only, so the engine can't write there.

    What it looks at:
        The mount table: mounts at the engine's own directories below the data root (containers, image, volumes, …). Mounts of
        single containers and volumes may be read-only. storage/data-root-readonly examines the data root itself.

    Why it matters:
        Only the commands that write there fail, for example ``docker run -v new:/data``: "read-only file system". Everything
        else works. Usual causes are a disk of its own for volumes that became read-only after an error, and a wrong option in
        fstab.

    How it is fixed:
        If only the mount is read-only and its file system is not, an error is not the cause, and ``--choose`` remounts it.
        Otherwise manually: read the kernel's log, and check the unmounted file system.

    References:
        https://man7.org/linux/man-pages/man8/mount.8.html
    """
    for name, lost in _LOST.items():
        path = f"{config.data_root}/{name}"
        found = mounts.at(path)
        if not found or not found[-1].is_read_only:
            continue
        mount = found[-1]
        options = ", ".join((*mount.options, *mount.super_options)[:6])
        yield Finding(
            subject=Subject("directory", path),
            message=f"{path} is mounted read-only: {lost}",
            evidence=(Evidence("/proc/self/mountinfo", f"{mount.source} at {path}: {options}"),),
        )

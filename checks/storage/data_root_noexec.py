"""The data root is mounted noexec, nosuid or nodev."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.storage.details import MountedWith
from doctor.facts.storage.driver import Storage
from doctor.model.text import in_words

_OPTIONS = {"noexec": "programs don't run", "nodev": "device nodes don't work", "nosuid": "su and sudo don't work"}


@check(
    severity=Severity.ERROR,
    detail=MountedWith,
    breaks=("storage",),
    ok="the options of the data root's mount do not restrict containers",
)
def data_root_noexec(storage: Storage, config: EngineConfig) -> Iterator[Finding]:
    """The data root is mounted noexec, nosuid or nodev, which also affects volumes, and containers without an overlay.

    What it looks at:
        The options of the mount that contains the data root.

    Why it matters:
        Hardening guides recommend these options for /var. An overlay is a separate mount, so programs in it run. A volume is a
        bind mount of the data root and keeps the options; with vfs, btrfs or zfs so does the whole container.

    How it is fixed:
        If the data root has its own mount, ``--choose`` remounts it without these options and changes /etc/fstab. Otherwise
        manually: give the data root its own mount.

    References:
        https://man7.org/linux/man-pages/man8/mount.8.html
    """
    found = [option for option in _OPTIONS if option in storage.options]
    if not found:
        return
    is_whole = storage.driver in {"vfs", "btrfs", "zfs"} and not storage.is_snapshotter
    where = "containers" if is_whole else "volumes"
    yield Finding(
        subject=Subject("directory", config.data_root),
        message=f"{config.data_root} is mounted {', '.join(found)}: in {where}, {in_words(_OPTIONS[option] for option in found)}",
        evidence=(Evidence("/proc/self/mountinfo", ", ".join(storage.options[:8])),),
        detail=MountedWith(options=tuple(found)),
        severity=None if is_whole and "noexec" in found else Severity.INFO,
    )

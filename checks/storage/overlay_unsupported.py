"""The kernel has no overlayfs."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.engine.state import EngineState, start_fails
from doctor.facts.storage.driver import Storage


@check(
    severity=Severity.CRITICAL,
    breaks=("storage",),
    ok="the kernel has the file system that the storage driver needs",
    stops_start=True,
)
def overlay_unsupported(storage: Storage, state: EngineState | Missing) -> Iterator[Finding]:
    """The storage driver is overlay2 and this kernel has no overlayfs, so the engine does not start.

    What it looks at:
        /proc/filesystems, and whether the module ``overlay`` is built in or could be loaded. The driver in force, or the one whose
        directory in the data root is not empty.

    Why it matters:
        dockerd ends with "driver not supported" or, with images there already, "prior storage driver overlay2 failed". After a
        kernel upgrade without a reboot the running kernel's modules are gone from the disk, which looks the same.

    How it is fixed:
        By a person: load the module, reboot into the kernel that is installed, or install one that has CONFIG_OVERLAY_FS.

    References:
        https://docs.docker.com/engine/storage/drivers/overlayfs-driver/
    """
    if storage.driver not in {"overlay2", "overlayfs"} or storage.has_overlay is not False:
        return
    yield Finding(
        subject=Subject("kernel", "overlay"),
        message=f"{start_fails(state)}: the storage driver {storage.driver} needs overlayfs, which this kernel has not",
        evidence=(
            Evidence("/proc/filesystems", "no overlay"),
            Evidence("module overlay", "not loaded, can't be loaded"),
        ),
    )

"""The kernel has no overlayfs."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.engine.state import EngineState, start_fails
from doctor.facts.storage.driver import Storage


@check(
    severity=Severity.CRITICAL,
    breaks=("storage",),
    ok="the kernel has the file system that the storage driver needs",
    stops_start=True,
    messages=(
        Message(
            pattern="failed to mount overlay: no such device|unknown filesystem type '?overlay'?|overlay: no such device",
            example="failed to mount overlay: no such device",
            means="this kernel has no overlay file system, or can't load its module",
            do="load it with 'modprobe overlay'; after a kernel upgrade, reboot",
            also=("kernel/module-not-loadable", "kernel/reboot-needed"),
        ),
        Message(
            pattern=r"'overlay2?' not found as a supported filesystem on this host.*",
            example="'overlay' not found as a supported filesystem on this host. Please ensure kernel is new enough and has overlay support loaded.",
            means="this kernel has no overlay file system, or can't load its module",
            do="load it with 'modprobe overlay'; after a kernel upgrade, reboot",
            also=("kernel/module-not-loadable", "kernel/reboot-needed"),
        ),
    ),
)
def overlay_unsupported(storage: Storage, state: EngineState | Missing) -> Iterator[Finding]:
    """The storage driver is overlay2 but this kernel has no overlayfs, so the engine does not start.

    What it looks at:
        /proc/filesystems, and whether the module ``overlay`` is built in or can be loaded. The active driver, or the one whose
        directory in the data root is not empty.

    Why it matters:
        dockerd exits with "driver not supported" or, if it already has images, "prior storage driver overlay2 failed". A kernel
        upgrade without a reboot, which removes the running kernel's modules, has the same effect.

    How it is fixed:
        Manually: load the module, reboot into the installed kernel, or install one with CONFIG_OVERLAY_FS.

    References:
        https://docs.docker.com/engine/storage/drivers/overlayfs-driver/
    """
    if storage.driver not in {docker.OVERLAY2, docker.SNAPSHOTTER} or storage.has_overlay is not False:
        return
    yield Finding(
        subject=Subject("kernel", "overlay"),
        message=f"the storage driver {storage.driver} needs overlayfs, which this kernel does not have: {start_fails(state)}",
        evidence=(
            Evidence("/proc/filesystems", "no overlay"),
            Evidence("module overlay", "not loaded, can't be loaded"),
        ),
    )

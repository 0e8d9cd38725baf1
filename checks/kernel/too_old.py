"""The kernel is too old for the engine, its storage driver or cgroup v2."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineState
from doctor.facts.kernel.cgroups import Cgroups
from doctor.facts.kernel.details import TooOld
from doctor.facts.kernel.kernel import Kernel

# RHEL and CentOS 7 backported overlay with several lower layers and d_type to their 3.10.0-514.
_RHEL7_OVERLAY = (514,)


class _Need(Struct, frozen=True):
    component: str
    needed: tuple[int, int]
    consequence: str
    severity: Severity


_ENGINE = _Need(docker.PROCESS, (3, 10), "the engine does not support this kernel", Severity.CRITICAL)
_OVERLAY2 = _Need(docker.OVERLAY2, (4, 0), "the overlay2 storage driver can't stack layers", Severity.ERROR)
_DEVICES = _Need("cgroup v2", (4, 15), "no container can start, because cgroup v2 can't limit devices", Severity.ERROR)
_FREEZER = _Need("cgroup v2", (5, 2), "containers can't be paused, because cgroup v2 has no freezer", Severity.WARNING)


@check(
    severity=Severity.ERROR,
    detail=TooOld,
    breaks=("start", "storage", "limits"),
    ok="the kernel is new enough for the engine, storage and cgroups",
)
def too_old(
    kernel: Kernel,
    engine: EngineConfig,
    root: DataRoot | Missing,
    cgroups: Cgroups | Missing,
    state: EngineState | Missing,
) -> Iterator[Finding]:
    """The running kernel is too old for the engine, the storage driver or the cgroup version.

    What it looks at:
        The running release against 3.10 for dockerd; 4.0 for overlay2 (3.10.0-514 on RHEL and CentOS 7, which backported it) if
        overlay2 is configured, in use or would be chosen; 4.15 for devices and 5.2 for pausing with cgroup v2, if v2 is
        mounted. Kernels of vendors that keep one version number for years are checked only if their own number is known.

    Why it matters:
        Mounting layers, limiting devices or pausing fails with messages that don't mention the kernel.

    How it is fixed:
        Manually, with a newer kernel of the distribution. The advice names the package; doctor installs nothing.

    References:
        https://docs.docker.com/engine/storage/drivers/overlayfs-driver/
        https://docs.kernel.org/admin-guide/cgroup-v2.html
    """
    if isinstance(state, EngineState) and state.status == "absent":
        return
    for need in _needs(engine, root, cgroups):
        if kernel.release.at_least(*need.needed) or _is_backported(need, kernel):
            continue
        wanted = ".".join(map(str, need.needed))
        yield Finding(
            subject=Subject("kernel", need.component),
            message=f"kernel {kernel.name} is too old for {need.component}, which needs {wanted}: {need.consequence}",
            evidence=(
                Evidence("/proc/sys/kernel/osrelease", kernel.described),
                Evidence(need.component, f"needs {wanted}"),
            ),
            detail=TooOld(component=need.component, needed=wanted),
            severity=need.severity,
        )


def _needs(engine: EngineConfig, root: DataRoot | Missing, cgroups: Cgroups | Missing) -> Iterator[_Need]:
    yield _ENGINE
    driver = engine.get("storage-driver") or (root.active_driver if isinstance(root, DataRoot) else "")
    if driver in {"", docker.OVERLAY2, docker.SNAPSHOTTER}:
        yield _OVERLAY2
    if isinstance(cgroups, Cgroups) and cgroups.mode == "v2":
        yield _DEVICES
        yield _FREEZER


def _is_backported(need: _Need, kernel: Kernel) -> bool:
    if need is _OVERLAY2 and kernel.release.vendor.startswith("el7"):
        return kernel.release.build >= _RHEL7_OVERLAY
    return kernel.has_frozen_number and need is not _OVERLAY2

"""Finds a readable devicemapper pool in a data root, and provides a host with its devices mounted in place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from doctor.engines.docker.salvage.pool import Devices, Pool
from doctor.engines.docker.salvage.routed import RoutedHost
from doctor.facts.engine.data_root import DataRoot
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join
from doctor.salvage.target import Target

_DRIVER = "devicemapper"


def find(host: Host, root: DataRoot) -> tuple[Pool | None, str]:
    """Return the pool, and why the driver's data is unreadable; neither if its devices are mounted or there is no
    pool.
    """
    driver = root.driver(_DRIVER)
    if driver is None or not driver.holds_anything:
        return None, ""
    try:
        return Pool(host, root), ""
    except HostError as error:
        if _is_mounted(host, root):
            return None, ""
        reason = f"the pool can't be read: {error}"
        if error.is_absent:
            # "direct-lvm": the pool is a logical volume; only its own host knows the names.
            reason += "; if it was a logical volume, mount each device read-only on devicemapper/mnt/ID, then run again"
        return None, reason


def _is_mounted(host: Host, root: DataRoot) -> bool:
    """Whether the devices were mounted by hand."""
    top = root.at(_DRIVER, "mnt")
    try:
        return any(host.exists(join(top, name, "rootfs")) for name, _ in host.scandir(top, follow=False))
    except HostError:
        return False


@contextmanager
def routed(
    host: Host, pool: Pool | None, target: Target, progress: Callable[[str], None]
) -> Iterator[tuple[Host, list[str]]]:
    """Yield the host to read from, and a list that collects notes during reads."""
    if pool is None:
        yield host, []
        return
    devices = Devices(pool, target, progress)
    devices.notes += pool.notes
    try:
        yield RoutedHost(host, HostPath(join(pool.top, "mnt")), devices), devices.notes
    finally:
        devices.close()
        pool.close()

"""Searches other data roots with images or containers. Costs nothing if the one in use is not empty."""

from collections.abc import Iterator

from doctor.engines.docker import places as docker
from doctor.facts.containerd.stores import ContainerdStores
from doctor.facts.engine.data_root import MAPPED, DataRoot
from doctor.facts.engine.other_roots import OtherRoot, OtherRoots
from doctor.formats.images.oci_digest import is_hex64
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, is_beneath, join


@collector
def other_roots(host: Host, root: DataRoot, stores: ContainerdStores | Missing) -> OtherRoots:
    """Return the other roots. Images in a containerd store also count as content of the one in use."""
    found = OtherRoots(root=root.resolved)
    if any(driver.holds_anything for driver in root.drivers) or (isinstance(stores, ContainerdStores) and stores.items):
        return found
    if _count(host, join(root.resolved, docker.CONTAINERS)):
        return found
    places = (*_beside(host, root), *_known(host, root), *_replaced(host, root))
    items = {(one.path, one.how == "replaced"): one for one in reversed(places) if one.images or one.containers}
    return OtherRoots(root=root.resolved, items=tuple(reversed(items.values())))


def _beside(host: Host, root: DataRoot) -> Iterator[OtherRoot]:
    top = host.resolve(root.path)
    if top != root.resolved:
        yield _look(host, top, "remap")
    for name, kind in host.scandir(top, follow=False):
        place = join(top, name)
        if kind == "d" and MAPPED.fullmatch(name) and place != root.resolved:
            yield _look(host, place, "remap")
    usual = host.resolve(docker.DEFAULT_ROOT)
    if usual != top and not is_beneath(root.resolved, usual):
        yield _look(host, usual, "default")


def _known(host: Host, root: DataRoot) -> Iterator[OtherRoot]:
    """Yield the roots of engines from other packages, and directories that were moved aside next to the one in use."""
    if not is_beneath(root.resolved, docker.SNAP_ROOT):
        yield _look(host, docker.SNAP_ROOT, "snap")
    top = host.resolve(root.path)
    above, _, name = top.rpartition("/")
    for other, kind in host.scandir(HostPath(above or "/"), follow=False):
        if kind == "d" and other != name and other.startswith(name):
            yield _look(host, join(HostPath(above or "/"), other), "beside")


def _look(host: Host, top: HostPath, how: str) -> OtherRoot:
    images = sum(images_by_driver(host, top).values())
    return OtherRoot(how=how, path=top, images=images, containers=containers_in(host, top))


def images_by_driver(host: Host, top: HostPath) -> dict[str, int]:
    """Return the number of image configs of each storage driver in a data root; {} for any other directory."""
    try:
        stores = [name for name, kind in host.scandir(join(top, docker.IMAGE), follow=False) if kind == "d"]
    except HostError:
        return {}
    counted = {name: _count(host, join(top, docker.image_store(name), docker.IMAGE_CONFIGS)) for name in sorted(stores)}
    return {name: count for name, count in counted.items() if count}


def containers_in(host: Host, top: HostPath) -> int:
    """Return the number of container directories in a data root, 0 for any other directory."""
    return _count(host, join(top, docker.CONTAINERS))


def _replaced(host: Host, root: DataRoot) -> Iterator[OtherRoot]:
    """Yield the content of the newest backup of any root at this path, if it is of another directory."""
    from doctor.collect.backup.kept import newest_at  # noqa: PLC0415 - only an empty root asks
    from doctor.collect.backup.root_identity import likeness  # noqa: PLC0415

    try:
        found = newest_at(host, root)
    except HostError:
        return
    if found is None:
        return
    backup = found.generation
    if likeness(host, root, backup.identity).is_same:
        return
    images = sum(f"/{docker.IMAGEDB_CONTENT}/" in name for name in backup.files)
    containers = sum(
        name.startswith(f"{docker.CONTAINERS}/") and name.endswith(docker.CONTAINER_CONFIG) for name in backup.files
    )
    yield OtherRoot(how="replaced", path=root.resolved, images=images, containers=containers, age=found.age)


def _count(host: Host, path: HostPath) -> int:
    """Return the number of entries with names of images and containers."""
    try:
        return sum(1 for name, _ in host.scandir(path, follow=False) if is_hex64(name))
    except HostError:
        return 0

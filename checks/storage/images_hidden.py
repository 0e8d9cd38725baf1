"""The engine does not show images that are on the disk."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineVersion
from doctor.facts.storage.details import HiddenImages
from doctor.facts.storage.driver import NEEDS, Storage, holders, is_known, is_removed
from doctor.model.text import holdings, plural


@check(
    severity=Severity.ERROR,
    detail=HiddenImages,
    breaks=("image",),
    ok="all images on the disk belong to the active storage driver",
)
def images_hidden(
    storage: Storage, config: EngineConfig, version: EngineVersion | Missing, root: DataRoot
) -> Iterator[Finding]:
    """The storage driver was changed, so the engine does not show images and containers of the old one.

    What it looks at:
        The images and containers in each driver's directories in the data root, and the active driver: the configured one, the
        running engine's, or the one that the engine will choose.

    Why it matters:
        Each driver has its own image store. After a change, ``docker images`` and ``docker ps -a`` are empty. Nothing is lost, but
        users pull and recreate everything, which takes the space twice. The engine ignores the directory of a removed driver.

    How it is fixed:
        If the active driver has no images yet, the old driver is set again. If both have images, or this engine no longer has the
        old driver, doctor only advises.

    References:
        https://docs.docker.com/engine/storage/drivers/select-storage-driver/
        https://docs.docker.com/engine/storage/containerd/
    """
    active = "containerd" if storage.is_snapshotter else storage.driver
    release = None if isinstance(version, Missing) else version.release
    is_bad = is_removed(active, release) or not is_known(active, release, snapshotter=storage.is_snapshotter)
    is_bad = is_bad or NEEDS.get(active, storage.file_system) != storage.file_system
    if not active or (is_bad and active != "containerd"):
        # Such an engine does not start, which is a separate finding.
        return
    own = root.driver(active)
    for other in holders(root):
        if other.name == active:
            continue
        free = (own is None or not own.holds_anything) and not is_removed(other.name, release)
        yield Finding(
            subject=Subject("storage driver", other.name),
            message=(
                f"the engine uses the storage driver {active}: it does not show {holdings(other.images, other.containers)} of"
                f" {other.name}"
            ),
            evidence=(
                Evidence(config.setting("storage-driver").place, f"storage driver {active}"),
                Evidence(
                    root.at(docker.IMAGE, other.name),
                    f"{plural(other.images, 'image')}, {plural(other.layers, 'layer')}",
                ),
            ),
            detail=HiddenImages(driver=active, wanted=other.name if free and active != "containerd" else ""),
            severity=None if free else Severity.WARNING,
        )

"""Images are on the disk, and the engine does not show them."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.state import EngineVersion
from doctor.facts.storage.details import HiddenImages
from doctor.facts.storage.driver import NEEDS, Storage, holders, is_known, is_removed


@check(
    severity=Severity.ERROR,
    detail=HiddenImages,
    breaks=("image",),
    ok="all images on the disk belong to the storage driver in force",
)
def images_hidden(
    storage: Storage, config: EngineConfig, version: EngineVersion | Missing, root: DataRoot
) -> Iterator[Finding]:
    """The storage driver was changed, so images and containers of the old one are on the disk and the engine shows none.

    What it looks at:
        The images and containers that each driver's directories in the data root hold, and the driver in force: the
        configured one, the running engine's, or the one it will choose.

    Why it matters:
        Each driver has its own image store. After a change ``docker images`` and ``docker ps -a`` are empty, nothing is lost, and
        everything is pulled and made again beside it. A removed driver's directory is not even noticed by the engine.

    How it is fixed:
        Where the driver in force holds nothing yet, the old one is named again. Where both hold images, or this engine has the old
        driver no more, a person must decide which ones are wanted.

    References:
        https://docs.docker.com/engine/storage/drivers/select-storage-driver/
        https://docs.docker.com/engine/storage/containerd/
    """
    active = "containerd" if storage.is_snapshotter else storage.driver
    release = None if isinstance(version, Missing) else version.release
    is_bad = is_removed(active, release) or not is_known(active, release, snapshotter=storage.is_snapshotter)
    is_bad = is_bad or NEEDS.get(active, storage.file_system) != storage.file_system
    if not active or (is_bad and active != "containerd"):
        # Such an engine does not start at all: that is another finding.
        return
    own = root.driver(active)
    for other in holders(root):
        if other.name == active:
            continue
        free = (own is None or not own.holds_anything) and not is_removed(other.name, release)
        yield Finding(
            subject=Subject("storage driver", other.name),
            message=(
                f"{other.images} images and {other.containers} containers of the storage driver {other.name} are hidden: "
                f"the engine uses {active}"
            ),
            evidence=(
                Evidence(config.setting("storage-driver").place, f"storage driver {active}"),
                Evidence(root.at("image", other.name), f"{other.images} images, {other.layers} layers"),
            ),
            detail=HiddenImages(driver=active, wanted=other.name if free and active != "containerd" else ""),
            severity=None if free else Severity.WARNING,
        )

"""The image store is missing while the layers exist."""

from collections.abc import Iterable, Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.images.images import Images
from doctor.facts.images.lost import LostImages
from doctor.facts.layers.records import Layers


@check(severity=Severity.CRITICAL, ok="the image store exists, with the images of the layers in overlay2")
def image_store_missing(
    lost: LostImages, images: Images, layers: Layers, containers: Containers | Missing
) -> Iterator[Finding]:
    """The image store is missing while the layers exist, so the engine has no image and no container.

    What it looks at:
        Whether ``image/overlay2/imagedb/content/sha256`` exists, while ``overlay2`` has layer directories that no known image,
        container or build needs. If ``repositories.json`` exists and names the images, other checks report the loss.

    Why it matters:
        dockerd creates an empty store without an error. Only that store records the names, layers and configs of images. The
        files of images and containers remain in ``overlay2``, and nothing frees their space.

    How it is fixed:
        From doctor's metadata backup, which identifies the images by the remaining layers: configs, names, layer records and
        mount records are written again. Without one, manually: restore the directory from a copy of the disk, if there is one.
        Otherwise pull or load the images again, and copy the containers' files from their layers. Doctor removes nothing.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
        https://github.com/moby/moby/blob/v26.1.5/image/fs.go
    """
    if lost.missing is None or images.tags.entries:
        return
    count = len(lost.directories)
    items = containers.items if isinstance(containers, Containers) else ()
    yield Finding(
        subject=Subject("directory", lost.missing),
        message=f"{lost.missing} is missing while overlay2 still has {count} layer {'directory' if count == 1 else 'directories'}: the "
        "engine has no images",
        evidence=(
            Evidence(lost.missing, "no such directory"),
            *(Evidence(layers.directory_path(name), "a layer of no known image") for name in lost.directories[:6]),
            *_named("images in doctor's metadata backup", (one.title for one in lost.items.values())),
            *_named("images that containers were created from", (one.image for one in items)),
            *_named("containers created from them", (one.title for one in items)),
        ),
    )


def _named(what: str, names: Iterable[str]) -> Iterator[Evidence]:
    found = sorted({name for name in names if name})
    if found:
        yield Evidence(what, ", ".join(found[:8]) + (f", and {len(found) - 8} more" if len(found) > 8 else ""))

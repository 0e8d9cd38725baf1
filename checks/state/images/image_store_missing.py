"""The image store is gone while the layers are there."""

from collections.abc import Iterable, Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.images.images import Images
from doctor.facts.images.lost import LostImages
from doctor.facts.layers.records import Layers


@check(severity=Severity.CRITICAL, ok="the image store knows the images that overlay2 holds the layers of")
def image_store_missing(
    lost: LostImages, images: Images, layers: Layers, containers: Containers | Missing
) -> Iterator[Finding]:
    """The image store is gone while the layers are there, so the engine has no image and no container any more.

    What it looks at:
        Whether ``image/overlay2/imagedb/content/sha256`` exists, while ``overlay2`` holds directories of layers that no known
        image, container or build needs. Nothing is said here where ``repositories.json`` is left and names the images.

    Why it matters:
        dockerd makes an empty store without a word. What images are called, which layers they have and what they run stands
        in that store alone; the files of images and containers lie in ``overlay2`` and nothing frees them.

    How it is fixed:
        From doctor's metadata backup, which knows the images by the layers that are left: configs, names, records of layers
        and of containers are written again. Without one by a person: put the directory back from a copy of the disk, if there
        is one. Else pull or load the images again; what containers wrote is copied from their layers. Nothing is removed.

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
        message=f"all images are gone for the engine: {lost.missing} is missing, while overlay2 still holds "
        f"{count} layer {'directory' if count == 1 else 'directories'}",
        evidence=(
            Evidence(lost.missing, "no such directory"),
            *(
                Evidence(layers.directory_path(name), "a layer that is no known image's")
                for name in lost.directories[:6]
            ),
            *_named("images that doctor's metadata backup knows", (one.title for one in lost.items.values())),
            *_named("images that containers were made from", (one.image for one in items)),
            *_named("containers that stand on them", (one.title for one in items)),
        ),
    )


def _named(what: str, names: Iterable[str]) -> Iterator[Evidence]:
    found = sorted({name for name in names if name})
    if found:
        yield Evidence(what, ", ".join(found[:8]) + (f", and {len(found) - 8} more" if len(found) > 8 else ""))

"""The image store is gone, and nothing tells what was in it."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containers import Containers
from doctor.facts.images import Images
from doctor.facts.layers import Layers
from doctor.facts.lost_images import LostImages


@check(severity=Severity.CRITICAL, ok="the image store knows the images that overlay2 holds the layers of")
def image_store_missing(
    lost: LostImages, images: Images, layers: Layers, containers: Containers | Missing
) -> Iterator[Finding]:
    """The image store is gone while the layers are there, so the engine has no image and no container any more.

    What it looks at:
        Whether ``image/overlay2/imagedb/content/sha256`` exists, while ``overlay2`` holds
        directories of layers that no known image, container or build needs. Nothing is said here where ``repositories.json`` or doctor's
        metadata backup knows the images: then each of them is a finding of ``state/image-content-missing``.

    Why it matters:
        dockerd makes an empty store without a word. What images are called, which layers they have and what they run stands
        in that store alone; the files of images and containers lie in ``overlay2`` and nothing frees them.

    How it is fixed:
        By a person: put the directory back from a copy of the disk, if there is one. Else pull or load the images again; what
        containers wrote is copied from their layers. Nothing is removed here.

    References:
        https://github.com/moby/moby/blob/v26.1.5/layer/filestore.go
        https://github.com/moby/moby/blob/v26.1.5/image/fs.go
    """
    if lost.missing is None or lost.items or images.tags.entries:
        return
    count = len(lost.directories)
    items = containers.items if isinstance(containers, Containers) else ()
    names = sorted({one.image for one in items if one.image})
    titles = sorted(one.title for one in items)
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
            *((Evidence("images that containers were made from", ", ".join(names[:8])),) if names else ()),
            *((Evidence("containers that stand on them", ", ".join(titles[:8])),) if titles else ()),
        ),
    )

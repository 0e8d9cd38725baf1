"""The record of an image's parent is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.backup.lists import KeptNotes
from doctor.facts.details import OfImage
from doctor.facts.images.images import Images


@check(severity=Severity.INFO, detail=OfImage, ok="each recorded parent of an image exists")
def image_metadata_corrupt(images: Images, kept: KeptNotes | Missing) -> Iterator[Finding]:
    """The record of an image's parent is corrupt, so a prune considers the steps of its build unused.

    What it looks at:
        ``image/overlay2/imagedb/metadata/sha256/ID/parent`` of each image: the ID of an existing image, or no file. Times
        stored beside it are only shown by the engine and not examined. The loss of a single file can't be noticed: most images
        have none. If the whole directory is missing, doctor's metadata backup shows which images had one.

    Why it matters:
        All images run. But ``docker images`` shows the untagged steps of the build as dangling, and ``docker image prune``
        would remove them and so the build's cache.

    How it is fixed:
        From doctor's metadata backup. Without one it is not repaired: only the list of images depends on it, and the next build
        of the image writes it again. Don't run ``docker image prune`` while you need the steps.

    References:
        https://github.com/moby/moby/blob/v26.1.5/image/store.go
    """
    damaged = images.without_parent()
    gone = (
        {identity for identity, notes in kept.lost.items() if docker.PARENT in notes}
        if isinstance(kept, KeptNotes)
        else set()
    )
    for identity in sorted(damaged | gone):
        parent = images.parents.get(identity)
        yield Finding(
            subject=Subject("image", identity[:12]),
            message=f"the record of the parent of image {images.title(identity)} is {'missing' if parent is None else 'invalid'}: a prune would "
            "remove the steps of its build as unused",
            evidence=(Evidence(images.metadata_path(identity, docker.PARENT), _shown(parent)),),
            detail=OfImage(identity=identity),
        )


def _shown(parent: str | None) -> str:
    if parent is None:
        return "no such file"
    return f"{parent[:80]!r} is not an image" if parent.strip("\0 \n") else "empty file"

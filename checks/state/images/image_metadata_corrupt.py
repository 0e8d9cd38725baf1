"""The note which image another was built from is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.lists import KeptNotes
from doctor.facts.details import OfImage
from doctor.facts.images.images import Images
from doctor.model.paths import join


@check(severity=Severity.INFO, detail=OfImage, ok="each image names a parent that is there")
def image_metadata_corrupt(images: Images, kept: KeptNotes | Missing) -> Iterator[Finding]:
    """The note which image another was built from is damaged, so layers of that build look unused to a prune.

    What it looks at:
        ``image/overlay2/imagedb/metadata/sha256/ID/parent`` of each image: the digest of an image that is there, or no such
        file. Times kept beside it are only shown by the engine and not judged. That one file was lost can't be told: most
        images have none. Where the whole directory is gone, doctor's metadata backup tells which had one.

    Why it matters:
        All images run. But ``docker images`` shows the untagged steps of the build as dangling, and ``docker image prune``
        would remove them, with the cache they are.

    How it is fixed:
        From doctor's metadata backup. Without one not at all: nothing but the list depends on it, and the next build of the
        image writes it anew. Don't run ``docker image prune`` while you need the steps.

    References:
        https://github.com/moby/moby/blob/v26.1.5/image/store.go
    """
    damaged = images.without_parent()
    gone = (
        {identity for identity, notes in kept.lost.items() if "parent" in notes}
        if isinstance(kept, KeptNotes)
        else set()
    )
    for identity in sorted(damaged | gone):
        parent = images.parents.get(identity)
        yield Finding(
            subject=Subject("image", identity[:12]),
            message=f"image {images.title(identity)} no longer records which image it was built from, so a prune takes "
            "the steps of its build for unused",
            evidence=(Evidence(join(images.top, "imagedb/metadata/sha256", identity, "parent"), _shown(parent)),),
            detail=OfImage(identity=identity),
        )


def _shown(parent: str | None) -> str:
    if parent is None:
        return "no such file"
    return f"{parent[:80]!r} is no image" if parent.strip("\0 \n") else "it is empty"

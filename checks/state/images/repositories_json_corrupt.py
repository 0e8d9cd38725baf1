"""The list of image names is corrupt."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.images.images import Images


@check(
    severity=Severity.CRITICAL,
    detail=OfFile,
    breaks=("image",),
    stops_start=True,
    ok="the list of image names can be read",
    messages=(
        Message(
            pattern="Couldn't create reference store repository.*",
            example="failed to start daemon: Couldn't create reference store repository: unexpected EOF",
            means="repositories.json, which has the names of images, is corrupt",
            do="let 'doctor fix' rebuild it",
        ),
    ),
)
def repositories_json_corrupt(images: Images) -> Iterator[Finding]:
    """The list of image names is corrupt, so the engine does not start.

    What it looks at:
        ``image/overlay2/repositories.json`` in the data root: it must be one JSON object, each name with the digest of its
        image.

    Why it matters:
        dockerd reads it at its start and fails with "Couldn't create reference store repository". The usual advice, to delete
        the file, lets the engine start with all image names lost.

    How it is fixed:
        The names are collected from all remaining records: a temporary file that dockerd was about to rename, complete entries
        in the corrupt text, doctor's metadata backup (for images that still exist), and the reference from which each container
        was created. A name known only from a container is the image's name at the container's creation. The corrupt file is
        kept. If no name is left, it is moved to quarantine, and the images can still be used by ID.

    References:
        https://github.com/docker/for-linux/issues/1403
        https://github.com/moby/moby/blob/v26.1.5/reference/store.go
    """
    tags = images.tags
    if tags.status == "corrupt":
        yield Finding(
            subject=Subject("file", tags.path),
            message=f"{tags.path.rpartition('/')[2]}, the list of image names, is corrupt: the engine can't start",
            evidence=(
                Evidence(tags.path, tags.problem),
                Evidence("complete names in it", str(len(tags.entries))),
                Evidence("images in the store", str(len(images.sound()))),
            ),
            detail=OfFile(path=tags.path),
        )

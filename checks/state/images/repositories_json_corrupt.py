"""The file that names the images is damaged."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.images.images import Images


@check(
    severity=Severity.CRITICAL,
    detail=OfFile,
    breaks=("image",),
    stops_start=True,
    ok="the file that names the images can be read",
)
def repositories_json_corrupt(images: Images) -> Iterator[Finding]:
    """The file that names the images is damaged, so the engine does not start.

    What it looks at:
        ``image/overlay2/repositories.json`` in the data root: one JSON object, each name with the digest of its image.

    Why it matters:
        dockerd reads it at start and gives up with "Couldn't create reference store repository". Deleting the file, the
        usual advice, lets the engine start with every name of every image lost.

    How it is fixed:
        The names are put together from all that still tells them: a temporary file that dockerd was about to rename, the
        entries that stand complete in the damaged text, doctor's metadata backup (of images that are still here), and the
        reference each container was made from. A name known only
        from a container is the one the image had when the container was made. The damaged file is kept. Where no name is
        left it is moved into quarantine, and the images stay reachable by id.

    References:
        https://github.com/docker/for-linux/issues/1403
        https://github.com/moby/moby/blob/v26.1.5/reference/store.go
    """
    tags = images.tags
    if tags.status == "corrupt":
        yield Finding(
            subject=Subject("file", tags.path),
            message=f"the engine can't start: {tags.path.rpartition('/')[2]}, which names the images, is damaged",
            evidence=(
                Evidence(tags.path, tags.problem),
                Evidence("names still complete in it", str(len(tags.entries))),
                Evidence("images in the store", str(len(images.sound()))),
            ),
            detail=OfFile(path=tags.path),
        )

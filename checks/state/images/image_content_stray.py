"""Something that is no image config lies among them."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.images.images import Images
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.INFO, detail=OfFile, ok="only image configs lie among the image configs")
def image_content_stray(leftovers: Leftovers, images: Images) -> Iterator[Finding]:
    """Something that can't be an image's config lies among them; the engine passes over it.

    What it looks at:
        Names in ``image/overlay2/imagedb/content/sha256`` that are not 64 hex digits, older than the running engine.

    Why it matters:
        It does no harm. Usually it is a temporary file of an interrupted write, sometimes a file that someone copied there.
        While an image's config is damaged or missing nothing is said: it may be that config.

    How it is fixed:
        While the engine is down it goes into quarantine. Nothing is stopped for it.

    References:
        https://github.com/moby/moby/blob/v26.1.5/image/fs.go
    """
    if len(images.sound()) < len(images.configs):
        return
    for name in leftovers.image_files:
        path = images.path_of(name)
        yield Finding(
            subject=Subject("file", name),
            message=f"{name} lies among the image configs and is none; the engine passes over it",
            evidence=(Evidence(path, "not named by a sha256"),),
            detail=OfFile(path=path),
        )

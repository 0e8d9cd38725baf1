"""A file in the directory of image configs is not an image config."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfFile
from doctor.facts.images.images import Images
from doctor.facts.layers.leftovers import Leftovers


@check(severity=Severity.INFO, detail=OfFile, ok="the directory of image configs has only image configs")
def image_content_stray(leftovers: Leftovers, images: Images) -> Iterator[Finding]:
    """A file in the directory of image configs can't be an image config; the engine ignores it.

    What it looks at:
        Names in ``image/overlay2/imagedb/content/sha256`` that are not 64 hex digits, older than the running engine.

    Why it matters:
        It does no harm. Usually it is a temporary file of an interrupted write, sometimes a file that someone copied there.
        While any image config is corrupt or missing nothing is reported: the file may be that config.

    How it is fixed:
        If the engine is down, the file is moved to quarantine. Nothing is stopped for this repair.

    References:
        https://github.com/moby/moby/blob/v26.1.5/image/fs.go
    """
    if len(images.sound()) < len(images.configs):
        return
    for name in leftovers.image_files:
        path = images.path_of(name)
        yield Finding(
            subject=Subject("file", name),
            message=f"{name} in the directory of image configs is not an image config: the engine ignores it",
            evidence=(Evidence(path, "its name is not a sha256"),),
            detail=OfFile(path=path),
        )

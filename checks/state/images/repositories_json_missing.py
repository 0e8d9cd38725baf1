"""The list of image names is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.backup.lists import KeptTags
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfFile
from doctor.facts.images.images import Images
from doctor.rebuild.images.tag_sources import recover_tags


@check(severity=Severity.WARNING, detail=OfFile, breaks=("image",), ok="the list of image names exists")
def repositories_json_missing(
    images: Images, containers: Containers | Missing, kept: KeptTags | Missing
) -> Iterator[Finding]:
    """The list of image names is missing, so each image is shown as <none> and a prune would delete it.

    What it looks at:
        Whether ``image/overlay2/repositories.json`` exists while there are images, and whether doctor's metadata backup or a
        container has a name of one. A host whose images never had a name has no such file: that is only noted.

    Why it matters:
        dockerd starts without an error. ``docker run NAME`` pulls again or fails, and ``docker image prune`` considers all
        images dangling.

    How it is fixed:
        The names in the metadata backup, in containers, or in a temporary file beside it are written. Other images can be used
        by ID and need ``docker tag``. Don't run a prune before that.

    References:
        https://github.com/moby/moby/blob/v26.1.5/reference/store.go
    """
    tags = images.tags
    if tags.status != "missing" or not images.sound():
        return
    found = recover_tags(images, containers if isinstance(containers, Containers) else Containers(), kept)
    unnamed = ", ".join(identity[:12] for identity in found.unnamed[:6])
    yield Finding(
        subject=Subject("file", tags.path),
        message="repositories.json is missing: no image has a name, and 'docker image prune' would delete them all"
        if found.entries
        else "repositories.json does not exist: no image has a name",
        evidence=(
            Evidence(tags.path, "no such file"),
            Evidence("images in the store", str(len(images.sound()))),
            Evidence("names that other files record", ", ".join(sorted(found.entries)[:8]) or "none"),
            *((Evidence(f"recorded in the backup {found.age}", ", ".join(found.kept[:8])),) if found.kept else ()),
            *((Evidence("images without a known name", unnamed),) if unnamed else ()),
        ),
        detail=OfFile(path=tags.path),
        severity=None if found.entries else Severity.INFO,
    )

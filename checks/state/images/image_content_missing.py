"""An image's config is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.containers.containers import Containers
from doctor.facts.details import OfImage
from doctor.facts.images.altered_tags import AlteredTags
from doctor.facts.images.images import Images
from doctor.facts.images.lost import LostImage, LostImages


@check(
    severity=Severity.ERROR,
    detail=OfImage,
    breaks=("image",),
    causes=("state/image-store-missing",),
    ok="each named image has its config",
)
def image_content_missing(
    images: Images, containers: Containers | Missing, altered: AlteredTags | Missing, lost: LostImages | Missing
) -> Iterator[Finding]:
    """An image's config is missing, so the engine does not know the image, although its layers may exist.

    What it looks at:
        Images that ``repositories.json``, ``imagedb/metadata`` or a container names but that have no file in
        ``imagedb/content/sha256``. If only a container or the metadata names one, that is normal after ``docker rmi -f`` and
        only noted. If layers exist that no known image needs, also the images that need them according to doctor's metadata
        backup: a removal would have removed the layers too.

    Why it matters:
        dockerd logs nothing. The image can't run, and its name is not listed.

    How it is fixed:
        From a copy with the right hash, in doctor's metadata backup or from BuildKit. Otherwise the image must be pulled or
        loaded again.

    References:
        https://github.com/moby/moby/blob/v26.1.5/image/store.go
    """
    misled = altered.misled if isinstance(altered, AlteredTags) else ()
    tagged = {
        digest.removeprefix("sha256:") for reference, digest in images.tags.entries.items() if reference not in misled
    }
    items = containers.items if isinstance(containers, Containers) else ()
    used: dict[str, list[str]] = {}
    for container in items:
        if container.image_id.startswith("sha256:"):
            used.setdefault(container.image_id.removeprefix("sha256:"), []).append(container.title)
    left = lost.items if isinstance(lost, LostImages) else {}
    for identity in sorted((tagged | images.described | used.keys() | left.keys()) - images.configs.keys()):
        names = left[identity].names if identity in left else images.names_of(identity)
        yield Finding(
            subject=Subject("image", identity[:12]),
            message=f"the config of image {names[0] if names else identity[:12]} is missing: the engine does not know the image",
            evidence=(
                Evidence(images.path_of(identity), "no such file"),
                *((Evidence(_recorded_in(identity, images, left), ", ".join(names)),) if names else ()),
                *((Evidence("containers created from it", ", ".join(used[identity])),) if identity in used else ()),
            ),
            detail=OfImage(identity=identity),
            severity=None if identity in tagged or identity in left else Severity.INFO,
        )


def _recorded_in(identity: str, images: Images, left: dict[str, LostImage]) -> str:
    """Return the source of an image's names."""
    return f"names in the backup {left[identity].age}" if identity in left else images.tags.path

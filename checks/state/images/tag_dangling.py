"""A name refers to an image that does not exist."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.images.altered_tags import AlteredTags
from doctor.facts.images.images import Images


@check(
    severity=Severity.INFO,
    causes=("state/image-content-corrupt", "state/image-content-missing"),
    ok="each image name refers to an existing image",
)
def tag_dangling(images: Images, altered: AlteredTags | Missing) -> Iterator[Finding]:
    """A name refers to an image that is not in the store, so the engine does not list the name.

    What it looks at:
        Each reference in ``repositories.json``, compared with the valid image configs. Names whose digest a flipped bit changed
        are excluded (``state/tag-altered``).

    Why it matters:
        ``docker images`` does not show the name. When the image's config is restored, the name works again. Doctor therefore
        keeps the name: once dropped, it is lost.

    How it is fixed:
        The image's config is restored (the finding that causes this one), or the image is pulled again.

    References:
        https://github.com/moby/moby/blob/v26.1.5/reference/store.go
    """
    if images.tags.status != "ok":
        return
    misled = altered.misled if isinstance(altered, AlteredTags) else ()
    for reference, digest in sorted(images.tags.entries.items()):
        if images.config(digest) is None and "@" not in reference and reference not in misled:
            yield Finding(
                subject=Subject("image", reference),
                message=f"{reference} refers to an image that is not in the store: docker does not list it",
                evidence=(Evidence(images.tags.path, f"{reference} → {digest}"),),
            )

"""A name means an image that is not there."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Missing, Severity, Subject, check
from doctor.facts.images.altered_tags import AlteredTags
from doctor.facts.images.images import Images


@check(
    severity=Severity.INFO,
    causes=("state/image-content-corrupt", "state/image-content-missing"),
    ok="each name of an image means one that is there",
)
def tag_dangling(images: Images, altered: AlteredTags | Missing) -> Iterator[Finding]:
    """A name means an image that is not in the store, so the engine leaves the name out of its lists.

    What it looks at:
        Each reference in ``repositories.json`` against the image configs that have the hash of their name; not those whose
        digest a flipped bit has altered (``state/tag-altered``).

    Why it matters:
        ``docker images`` does not show the name. As soon as the image's config is back, the name works again: it is kept on
        purpose, since dropping it would lose it for good.

    How it is fixed:
        By bringing the image's config back (the finding that causes this one), or by pulling the image again.

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
                message=f"{reference} means an image that is not in the store, so docker does not list it",
                evidence=(Evidence(images.tags.path, f"{reference} → {digest}"),),
            )

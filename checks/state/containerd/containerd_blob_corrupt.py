"""A content of containerd no longer has its digest."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containerd.content import ContainerdContent
from doctor.facts.details import OfFile
from doctor.model.paths import join

_BLOBS = "io.containerd.content.v1.content/blobs/sha256"


@check(severity=Severity.ERROR, detail=OfFile, deep=True, ok="each content of containerd has the digest of its name")
def containerd_blob_corrupt(content: ContainerdContent) -> Iterator[Finding]:
    """A content of containerd is altered, so ``docker save`` and ``push`` hand on a damaged image without a word.

    What it looks at:
        With ``--deep``: every content that containerd lists, read and hashed; its sha256 must be its name. Contents with another
        size than listed are the finding of another check.

    Why it matters:
        Containers run on, from the unpacked snapshots. ``docker save`` ends with success and writes the damaged content. A
        damaged manifest or config makes the image vanish, or the list of images fail.

    How it is fixed:
        A small one from a copy with the right digest (the other store, BuildKit, doctor's metadata backup), or by the single
        flipped bit that gives the digest back. A layer must be pulled or loaded again, after the images that need it are removed.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/docs/content-flow.md
        https://github.com/opencontainers/image-spec/blob/main/descriptor.md
    """
    for store in content.items:
        for digits in store.altered:
            images = store.needing.get(digits, ())
            path = join(store.top, _BLOBS, digits)
            yield Finding(
                subject=Subject("content", digits[:12]),
                message=f"whoever loads {' or '.join(images[:3])} from here gets a damaged image: a content is altered"
                if images
                else "a content that no image needs is altered: build caches that have it are damaged",
                evidence=(
                    Evidence(path, "its sha256 is another one"),
                    Evidence("images that need it", ", ".join(images[:6]) or "none"),
                ),
                severity=None if images else Severity.INFO,
                detail=OfFile(path=path),
            )

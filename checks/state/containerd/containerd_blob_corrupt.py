"""The content of a containerd blob does not match its digest."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.engines.containerd import places as containerd
from doctor.facts.containerd.content import ContainerdContent
from doctor.facts.details import OfFile
from doctor.model.paths import join

_BLOBS = containerd.BLOBS


@check(severity=Severity.ERROR, detail=OfFile, deep=True, ok="each blob of containerd matches its digest")
def containerd_blob_corrupt(content: ContainerdContent) -> Iterator[Finding]:
    """The content of a containerd blob is corrupt, so ``docker save`` and ``push`` silently pass on a corrupt image.

    What it looks at:
        With ``--deep``: each blob that containerd lists is read and hashed; its sha256 must be its name. Another check
        reports blobs whose size differs from the list.

    Why it matters:
        Running containers are not affected: they use the unpacked snapshots. ``docker save`` succeeds and writes the corrupt
        content. If a manifest or config is corrupt, the image disappears from the list or the whole list fails.

    How it is fixed:
        A small blob is restored from a copy with the right digest (the other store, BuildKit, doctor's metadata backup), or
        by flipping the single bit that makes the digest match. A layer must be pulled or loaded again, after the images that
        need it are removed.

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
                message=f"a blob of {' and '.join(images[:3])} is corrupt: 'docker save' and 'docker push' pass on a corrupt image"
                if images
                else "a blob that no image needs is corrupt: build caches that use it are corrupt too",
                evidence=(
                    Evidence(path, "its sha256 differs from its name"),
                    Evidence("images that need it", ", ".join(images[:6]) or "none"),
                ),
                severity=None if images else Severity.INFO,
                detail=OfFile(path=path),
            )

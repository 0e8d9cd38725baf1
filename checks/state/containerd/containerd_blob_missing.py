"""A content of containerd is gone or cut off."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containerd.lists import ContainerdLists
from doctor.facts.details import OfFile


@check(
    severity=Severity.ERROR,
    detail=OfFile,
    breaks=("image",),
    ok="each content that containerd lists is there, with its size",
)
def containerd_blob_missing(lists: ContainerdLists) -> Iterator[Finding]:
    """A content that containerd lists is gone or has another size, so images can't be listed, saved or started.

    What it looks at:
        Each content of ``io.containerd.metadata.v1.bolt/meta.db``: whether ``io.containerd.content.v1.content/blobs`` has a file
        of its name and size. Contents of other platforms that were never pulled are not listed there. A content that no image
        needs (a build cache's) is only noted.

    Why it matters:
        Without a config ``docker images`` fails as a whole: "failed to read config content"; without a manifest an image
        vanishes; without a layer ``docker save`` writes an incomplete archive and says nothing. A pull does not mend it: containerd
        believes its list.

    How it is fixed:
        From a copy with the right digest: the other store, BuildKit's contents, doctor's metadata backup. Nothing else is
        accepted: the digest is the content's name. Otherwise the image must be removed and pulled or loaded again.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/docs/content-flow.md
    """
    for known in lists.items:
        for problem in known.blobs:
            images = known.needing(problem.digits)
            path = known.blob_path(problem.digits)
            yield Finding(
                subject=Subject("content", problem.digits[:12]),
                message=f"{' and '.join(images[:3])} can't be saved, or not even listed: a content of "
                f"{'it' if len(images) == 1 else 'them'} is damaged"
                if images
                else "a content that no image needs is damaged: build caches that have it are built again",
                evidence=(
                    Evidence(path, problem.why),
                    Evidence("images that need it", ", ".join(images[:6]) or "none"),
                ),
                severity=None if images else Severity.INFO,
                detail=OfFile(path=path),
            )

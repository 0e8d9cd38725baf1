"""A blob of containerd is missing or truncated."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.containerd.lists import ContainerdLists
from doctor.facts.details import OfFile


@check(
    severity=Severity.ERROR,
    detail=OfFile,
    breaks=("image",),
    ok="each blob that containerd lists exists, with its size",
    messages=(
        Message(
            pattern=r"content digest \S+: not found|unexpected media type text/html for sha256",
            example="content digest sha256:44dd6f2230041eede4ee5e7928c0abb6: not found",
            means="a blob that an image in containerd's store names is missing",
            do="pull the image again",
            also=("state/containerd-blob-corrupt", "state/containerd-store-db-lost"),
        ),
    ),
)
def containerd_blob_missing(lists: ContainerdLists) -> Iterator[Finding]:
    """A blob that containerd lists is missing or has another size, so images can't be listed, saved or started.

    What it looks at:
        For each blob in ``io.containerd.metadata.v1.bolt/meta.db``: whether ``io.containerd.content.v1.content/blobs`` has a
        file with its name and size. Blobs of other platforms that were never pulled are not in the list. A blob that no
        image needs (of a build cache) is only noted.

    Why it matters:
        Without a config ``docker images`` fails for all images: "failed to read config content". Without a manifest the image
        disappears. Without a layer ``docker save`` silently writes an incomplete archive. A pull does not repair it: containerd
        trusts its list.

    How it is fixed:
        From a copy with the right digest: the other store, BuildKit's blobs, doctor's metadata backup. No other blob is
        accepted, because the digest is the name of the blob. Otherwise the image must be removed and pulled or loaded again.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/docs/content-flow.md
    """
    for known in lists.items:
        for problem in known.blobs:
            images = known.needing(problem.digits)
            path = known.blob_path(problem.digits)
            yield Finding(
                subject=Subject("content", problem.digits[:12]),
                message=f"a blob of {' and '.join(images[:3])} is missing or truncated: {'it' if len(images) == 1 else 'they'} can't be saved, or "
                "not even listed"
                if images
                else "a blob that no image needs is missing or truncated: builds that use it run again without the cache",
                evidence=(
                    Evidence(path, problem.why),
                    Evidence("images that need it", ", ".join(images[:6]) or "none"),
                ),
                severity=None if images else Severity.INFO,
                detail=OfFile(path=path),
            )

"""The directory of a containerd snapshot is missing."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.engines.docker import places as docker
from doctor.facts.containerd.lists import ACTIVE, ContainerdLists
from doctor.facts.details import OfFile


@check(
    severity=Severity.ERROR,
    detail=OfFile,
    breaks=("image",),
    ok="each snapshot of containerd has its directory",
    messages=(
        Message(
            pattern=r"failed to (?:stat parent|prepare extraction snapshot).*(?:no such file or directory|does not exist)|parent snapshot \S+ does not exist",
            example='failed to prepare extraction snapshot "extract-1": parent snapshot sha256:ab12 does not exist: not found',
            means="containerd's snapshot of a layer is missing",
            do="remove the image and pull it again",
            also=("state/containerd-snapshot-db-lost", "state/containerd-blob-missing"),
        ),
    ),
)
def containerd_snapshot_missing(lists: ContainerdLists) -> Iterator[Finding]:
    """The directory of a containerd snapshot is missing, so containers that use it can't start.

    What it looks at:
        For each record of ``io.containerd.snapshotter.v1.overlayfs/metadata.db``: whether ``snapshots/NUMBER/fs`` exists.
        Snapshots of a build cache are only noted.

    Why it matters:
        Images and containers are still listed, but a start fails with "failed to mount … no such file or directory". A pull
        reports that everything exists.

    How it is fixed:
        An image layer is unpacked again from its content, which is verified by its digest. The writable layer of a container
        has no second copy.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/docs/snapshotters/README.md
    """
    for known in lists.items:
        for name in known.lost:
            snapshot = known.snapshots[name]
            images = known.having(snapshot.chain) if snapshot.chain else ()
            is_container = (
                snapshot.key.removesuffix(docker.INIT_SUFFIX).isalnum()
                and len(snapshot.key.removesuffix(docker.INIT_SUFFIX)) == 64
            )
            if images:
                message = (
                    f"the directory of a layer of {' and '.join(images[:3])} is missing: its containers can't start"
                )
            elif is_container:
                what = "the files it wrote are lost" if snapshot.kind == ACTIVE else "its -init layer is missing"
                message = f"container {snapshot.key[:12]} can't start: {what}"
            else:
                message = "a directory of the build cache is missing: builds that use it fail or run without the cache"
            yield Finding(
                subject=Subject("snapshot", name),
                message=message,
                evidence=(
                    Evidence(known.tree_path(snapshot), "no such directory"),
                    Evidence("images with this layer", ", ".join(images[:6]) or "none"),
                ),
                severity=None if images or is_container else Severity.INFO,
                detail=OfFile(path=known.tree_path(snapshot)),
            )

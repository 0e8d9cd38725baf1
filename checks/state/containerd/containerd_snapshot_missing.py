"""The directory of a containerd snapshot is gone."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.containerd.lists import ACTIVE, ContainerdLists
from doctor.facts.details import OfFile


@check(severity=Severity.ERROR, detail=OfFile, breaks=("image",), ok="each snapshot of containerd has its directory")
def containerd_snapshot_missing(lists: ContainerdLists) -> Iterator[Finding]:
    """A snapshot of containerd has lost its directory, so no container that stands on it can be started.

    What it looks at:
        Each record of ``io.containerd.snapshotter.v1.overlayfs/metadata.db``: whether ``snapshots/NUMBER/fs`` is there. Snapshots
        of a build cache are only noted.

    Why it matters:
        Images and containers are still listed; a start ends with "failed to mount … no such file or directory". A pull says
        that everything is there.

    How it is fixed:
        An image's layer is unpacked again from its content, which is proven by its digest. The writable layer of a container has
        no second copy.

    References:
        https://github.com/containerd/containerd/blob/v1.7.24/docs/snapshotters/README.md
    """
    for known in lists.items:
        for name in known.lost:
            snapshot = known.snapshots[name]
            images = known.having(snapshot.chain) if snapshot.chain else ()
            is_container = (
                snapshot.key.removesuffix("-init").isalnum() and len(snapshot.key.removesuffix("-init")) == 64
            )
            if images:
                message = f"{' and '.join(images[:3])} can't be started: a layer's directory is gone"
            elif is_container:
                what = "what it wrote is gone" if snapshot.kind == ACTIVE else "its first layer is gone"
                message = f"container {snapshot.key[:12]} can't be started: {what}"
            else:
                message = "a directory of the build cache is gone: builds that have it fail or start anew"
            yield Finding(
                subject=Subject("snapshot", name),
                message=message,
                evidence=(
                    Evidence(known.tree_path(snapshot), "it is gone"),
                    Evidence("images that have the layer", ", ".join(images[:6]) or "none"),
                ),
                severity=None if images or is_container else Severity.INFO,
                detail=OfFile(path=known.tree_path(snapshot)),
            )

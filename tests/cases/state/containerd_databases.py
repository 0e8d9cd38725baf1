"""Cases of containerd's databases: the engine's own containerd, and the service."""

from tests.cases import roots
from tests.cases.recipe import Recipe
from tests.cases.roots import ROOT
from tests.cases.state.databases import (
    CONTAINERD,
    CONTAINERD_TOP,
    ELSEWHERE,
    SERVICE,
    SERVICE_SNAPSHOTTER,
    SNAPSHOTTER,
    bolt,
    garbage,
    image_store,
)

CASES = (
    Recipe(
        problem="containerd-db-corrupt",
        name="garbage",
        about="the database of the engine's containerd is garbage; images live with a storage driver",
        change=lambda tree: tree.put(CONTAINERD, garbage()),
        findings=(("containerd-db-corrupt", "file", f"/{CONTAINERD}"),),
    ),
    Recipe(
        problem="containerd-db-corrupt",
        name="image-store",
        about="the database of the containerd image store is garbage",
        change=lambda tree: (
            tree.put(CONTAINERD, garbage()),
            tree.put(f"{ROOT}/containerd/daemon/io.containerd.content.v1.content/blobs/sha256/{roots.IMAGE}", "x"),
        ),
        findings=(("containerd-db-corrupt", "file", f"/{CONTAINERD}"),),
        fix="manual",
    ),
    Recipe(
        problem="containerd-db-corrupt",
        name="absent",
        about="containerd has not made its database yet",
        change=lambda tree: tree.directory(f"{ROOT}/containerd/daemon/io.containerd.metadata.v1.bolt"),
    ),
    Recipe(
        problem="containerd-db-corrupt",
        name="service-no-images",
        about="the database of a containerd that is a service is garbage; images live with a storage driver",
        change=lambda tree: tree.put(SERVICE, garbage()),
        findings=(("containerd-db-corrupt", "file", f"/{SERVICE}"),),
    ),
    Recipe(
        problem="containerd-store-db-lost",
        name="missing",
        about="the database of the containerd image store was deleted, its contents and snapshots are there",
        parts=(),
        change=lambda tree: (image_store(tree), tree.remove(CONTAINERD)),
        findings=(("containerd-store-db-lost", "file", f"/{CONTAINERD}"),),
        fix="manual",
    ),
    Recipe(
        problem="containerd-store-db-lost",
        name="new",
        about="a containerd has already started without its database and made an empty one",
        parts=(),
        change=lambda tree: (image_store(tree), tree.put(CONTAINERD, bolt({b"v1": roots.Bucket()}))),
        findings=(("containerd-store-db-lost", "file", f"/{CONTAINERD}"),),
        fix="manual",
    ),
    Recipe(
        problem="containerd-store-db-lost",
        name="healthy",
        about="the databases of the containerd image store list what is there",
        parts=(),
        change=image_store,
    ),
    Recipe(
        problem="containerd-store-db-lost",
        name="no-image-store",
        about="images live with a storage driver: containerd's database lists only running containers",
        parts=("image",),
        change=lambda tree: (
            tree.put(CONTAINERD, bolt({b"v1": roots.Bucket()})),
            tree.directory(f"{CONTAINERD_TOP}/io.containerd.snapshotter.v1.overlayfs/snapshots"),
            tree.directory(f"{CONTAINERD_TOP}/io.containerd.content.v1.content/blobs/sha256"),
        ),
    ),
    Recipe(
        problem="containerd-snapshot-db-lost",
        name="empty",
        about="a power cut left the snapshotter's database without a byte",
        parts=(),
        change=lambda tree: (image_store(tree), tree.put(SNAPSHOTTER)),
        findings=(("containerd-snapshot-db-lost", "file", f"/{SNAPSHOTTER}"),),
        fix="manual",
    ),
    Recipe(
        problem="containerd-snapshot-db-lost",
        name="of-the-service",
        about="a separate containerd lost its snapshotter's database",
        parts=(),
        change=lambda tree: (image_store(tree, "var/lib/containerd"), tree.remove(SERVICE_SNAPSHOTTER)),
        findings=(("containerd-snapshot-db-lost", "file", f"/{SERVICE_SNAPSHOTTER}"),),
        fix="manual",
    ),
    Recipe(
        problem="containerd-snapshot-db-lost",
        name="of-the-service-elsewhere",
        about="the same, where a drop-in of its unit gives it another root",
        parts=(),
        change=lambda tree: (
            image_store(tree, ELSEWHERE),
            tree.remove(f"{ELSEWHERE}/io.containerd.snapshotter.v1.overlayfs/metadata.db"),
            tree.put("usr/lib/systemd/system/containerd.service", "[Service]\nExecStart=/usr/bin/containerd\n"),
            tree.put(
                "etc/systemd/system/containerd.service.d/root.conf",
                f"[Service]\nExecStart=\nExecStart=/usr/bin/containerd --root=/{ELSEWHERE}\n",
            ),
        ),
        findings=(
            (
                "containerd-snapshot-db-lost",
                "file",
                f"/{ELSEWHERE}/io.containerd.snapshotter.v1.overlayfs/metadata.db",
            ),
        ),
        fix="manual",
    ),
    Recipe(
        problem="containerd-snapshot-db-lost",
        name="garbage",
        about="a damaged database stops the clean-up too, so nothing is deleted by it: another finding",
        parts=(),
        change=lambda tree: (image_store(tree), tree.put(SNAPSHOTTER, garbage())),
        findings=(("containerd-snapshot-db-corrupt", "file", f"/{SNAPSHOTTER}"),),
        fix="manual",
    ),
)

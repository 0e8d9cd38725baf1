"""Images and containers are in another data root than the one in force."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.other_roots import OtherRoot, OtherRoots

_WHY = {
    "remap": "userns-remap was switched",
    "default": "data-root was changed",
    "snap": "they belong to the engine of the snap package",
    "beside": "the data root in force is another directory",
    "replaced": "another directory or disk is in its place",
}


@check(
    severity=Severity.ERROR,
    detail=OtherRoot,
    breaks=("image",),
    causes=("storage/data-root-not-mounted", "storage/mount-over-data-root"),
    ok="no other data root holds images while the one in force is empty",
)
def data_root_elsewhere(roots: OtherRoots, config: EngineConfig) -> Iterator[Finding]:
    """Images and containers are in another data root than the one in force, so the engine shows none of them.

    What it looks at:
        While the data root in force holds no image and no container: the directories that ``userns-remap`` makes in it, or the
        plain one above; /var/lib/docker, where ``data-root`` names another place; that of the snap package; directories beside
        the one in force that begin with its name, such as /var/lib/docker.old; and doctor's metadata backup, which may know
        a root with images at the very same path, on another disk.

    Why it matters:
        After such a change "everything is gone" and nothing is lost. What is pulled and made meanwhile lies beside it.

    How it is fixed:
        By a person, who knows which one is wanted: put the setting back, or mount the disk. Layers must not be copied from one
        root to the other by hand.

    References:
        https://docs.docker.com/engine/security/userns-remap/
        https://docs.docker.com/engine/daemon/#configure-the-data-directory-location
    """
    for other in roots.items:
        yield Finding(
            subject=Subject("directory", other.path),
            message=f"{other.images} images and {other.containers} containers are out of sight: {_WHY[other.how]}",
            evidence=tuple(_evidence(roots, other, config)),
            detail=other,
        )


def _evidence(roots: OtherRoots, other: OtherRoot, config: EngineConfig) -> Iterator[Evidence]:
    held = f"{other.images} images, {other.containers} containers"
    if other.how == "replaced":
        yield Evidence(f"doctor's metadata backup of {other.path} {other.age}", held)
    else:
        yield Evidence(other.path, held)
        key = "userns-remap" if other.how == "remap" else "data-root"
        yield Evidence(config.setting(key).place, f"{key}: {config.get(key) or 'not set'}")
    yield Evidence(roots.root, "no images, no containers")

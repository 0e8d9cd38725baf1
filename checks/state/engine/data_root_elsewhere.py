"""Images and containers are in another data root."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.other_roots import OtherRoot, OtherRoots
from doctor.model.text import holdings

_WHY = {
    "remap": "userns-remap was changed",
    "default": "data-root was changed",
    "snap": "the data root belongs to the engine of the snap package",
    "beside": "the data root in use is another directory",
    "replaced": "another directory or disk is in its place",
}


@check(
    severity=Severity.ERROR,
    detail=OtherRoot,
    breaks=("image",),
    causes=("storage/data-root-not-mounted", "storage/mount-over-data-root"),
    ok="no other data root has images while the one in use is empty",
)
def data_root_elsewhere(roots: OtherRoots, config: EngineConfig) -> Iterator[Finding]:
    """Images and containers are in another data root than the one in use, so the engine shows none of them.

    What it looks at:
        Only if the data root in use has no image and no container: the directories that ``userns-remap`` creates in it, or the
        plain one above them; /var/lib/docker, if ``data-root`` names another directory; the data root of the snap package;
        directories beside the one in use that begin with its name, such as /var/lib/docker.old; and doctor's metadata backup,
        which may know a data root with images at the same path, on another disk.

    Why it matters:
        After such a change all images and containers seem to be deleted, although none is lost. Images and containers created
        since then are in the data root in use.

    How it is fixed:
        Manually: only the administrator knows which data root is wanted. Restore the setting, or mount the disk. Don't copy
        layers from one data root to the other.

    References:
        https://docs.docker.com/engine/security/userns-remap/
        https://docs.docker.com/engine/daemon/#configure-the-data-directory-location
    """
    for other in roots.items:
        yield Finding(
            subject=Subject("directory", other.path),
            message=f"the engine does not show {_held(other)} in another data root: {_WHY[other.how]}",
            evidence=tuple(_evidence(roots, other, config)),
            detail=other,
        )


def _held(other: OtherRoot) -> str:
    return holdings(other.images, other.containers)


def _evidence(roots: OtherRoots, other: OtherRoot, config: EngineConfig) -> Iterator[Evidence]:
    held = _held(other)
    if other.how == "replaced":
        yield Evidence(f"doctor's metadata backup of {other.path} {other.age}", held)
    else:
        yield Evidence(other.path, held)
        key = "userns-remap" if other.how == "remap" else "data-root"
        yield Evidence(config.setting(key).place, f"{key}: {config.get(key) or 'not set'}")
    yield Evidence(roots.root, "no images, no containers")

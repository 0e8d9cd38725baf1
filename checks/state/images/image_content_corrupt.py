"""An image's config no longer has the hash of its name."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Severity, Subject, check
from doctor.facts.details import OfImage
from doctor.facts.images.images import Images


@check(severity=Severity.ERROR, detail=OfImage, breaks=("image",), ok="each image's config has the hash of its name")
def image_content_corrupt(images: Images) -> Iterator[Finding]:
    """An image's config is damaged, so the engine drops the image and its names; its layers stay on disk, unlisted.

    What it looks at:
        Each file of ``image/overlay2/imagedb/content/sha256``: its sha256 must be its name.

    Why it matters:
        dockerd says "failed to verify" in its log and goes on without the image. Containers made from it still run, but
        nothing new can be started from it.

    How it is fixed:
        From a copy that has the right hash: doctor's metadata backup, or the one BuildKit keeps of images it built. A single flipped bit is found by trying
        them all against the hash. Nothing else is accepted: the hash is the image's name. Otherwise the image must be pulled
        or loaded again.

    References:
        https://github.com/moby/moby/blob/v26.1.5/image/fs.go
    """
    for config in images.configs.values():
        if config.is_sound:
            continue
        path = images.path_of(config.id)
        yield Finding(
            subject=Subject("image", config.id[:12]),
            message=f"image {images.title(config.id)} has vanished for the engine: its config is damaged",
            evidence=(
                Evidence(path, f"{config.problem} ({config.size_bytes} bytes)"),
                Evidence("names of it", ", ".join(images.names_of(config.id)) or "none"),
            ),
            detail=OfImage(identity=config.id),
        )

"""An image's config does not match its ID."""

from collections.abc import Iterator

from doctor.api import Evidence, Finding, Message, Severity, Subject, check
from doctor.facts.details import OfImage
from doctor.facts.images.images import Images
from doctor.model.text import plural


@check(
    severity=Severity.ERROR,
    detail=OfImage,
    breaks=("image",),
    ok="each image's config matches its ID",
    messages=(
        Message(
            pattern=r"invalid image\b.*failed to verify\S*|unable to read image",
            example='level=error msg="invalid image" digest="sha256:44dd6f223004" err="failed to verify: sha256:44dd6f223004"',
            means="the config of an image does not match its digest, so the image is not listed",
            do="pull the image again",
            also=("state/image-content-missing",),
        ),
    ),
)
def image_content_corrupt(images: Images) -> Iterator[Finding]:
    """An image's config is corrupt, so the engine drops the image and its names; its layers remain on disk.

    What it looks at:
        Each file in ``image/overlay2/imagedb/content/sha256``: its sha256 must be its name.

    Why it matters:
        dockerd logs "failed to verify" and continues without the image. Its containers still run, but no new container can be
        created from it.

    How it is fixed:
        From a copy with the right hash: doctor's metadata backup, or the config that BuildKit keeps for images it built. A
        single flipped bit is found by trying all bits against the hash. No other content is accepted, because the hash is the
        image's ID. Otherwise the image must be pulled or loaded again.

    References:
        https://github.com/moby/moby/blob/v26.1.5/image/fs.go
    """
    for config in images.configs.values():
        if config.is_sound:
            continue
        path = images.path_of(config.id)
        yield Finding(
            subject=Subject("image", config.id[:12]),
            message=f"the config of image {images.title(config.id)} is corrupt: the engine does not load the image",
            evidence=(
                Evidence(path, f"{config.problem} ({plural(config.size_bytes, 'byte')})"),
                Evidence("its names", ", ".join(images.names_of(config.id)) or "none"),
            ),
            detail=OfImage(identity=config.id),
        )

"""Searches a valid copy of each corrupt image config. Collected only when a fixer asks."""

from hashlib import sha256

from doctor.engines.docker import places as docker
from doctor.facts.backup.files import MetadataBackup
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.images import Images
from doctor.facts.images.lost import LostImages
from doctor.facts.images.sources import ImageSource, ImageSources
from doctor.formats.images.oci_digest import is_hex64
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import parent

# Trying all flips of a file is quadratic in its size: 64 KiB take some 15 s, 8 KiB a quarter of a second.
_MAX_FLIP_BYTES = 16 << 10
_LIMIT_BYTES = 16 << 20


@collector
def image_sources(
    host: Host, root: DataRoot, images: Images, backup: MetadataBackup | Missing, lost: LostImages | Missing
) -> ImageSources:
    """Return a source of each corrupt or missing config, if it has one; each is verified by its digest."""
    kept = _kept(images, backup, lost)
    named = {digest.removeprefix("sha256:") for digest in images.tags.entries.values()}
    broken = {config.id for config in images.configs.values() if not config.is_sound}
    items: dict[str, ImageSource] = {}
    for identity in sorted(broken | kept.keys() | ((named | images.described) - images.configs.keys())):
        if not is_hex64(identity):
            continue
        found = kept.get(identity) or _from_buildkit(host, root, identity)
        if found is None and identity in broken:
            found = _unflipped(host, images, identity)
        if found is not None:
            items[identity] = found
    return ImageSources(items=items)


def _kept(images: Images, backup: MetadataBackup | Missing, lost: LostImages | Missing) -> dict[str, ImageSource]:
    """Return the copies in the metadata backup; their digest was verified when they were read."""
    top = parent(images.path_of("0" * 64))
    files = {} if isinstance(backup, Missing) else backup.files
    found = {path.rpartition("/")[2]: (kept.content, kept.age) for path, kept in files.items() if parent(path) == top}
    if isinstance(lost, LostImages):
        found |= {one.id: (one.content, one.age) for one in lost.items.values()}
    return {
        identity: ImageSource(content=content, origin=f"the backup {age}") for identity, (content, age) in found.items()
    }


def _from_buildkit(host: Host, root: DataRoot, identity: str) -> ImageSource | None:
    """Return BuildKit's copy: it keeps the config of a built image as a blob, as long as the build record exists."""
    path = root.at(docker.BUILDKIT_BLOBS, identity)
    try:
        content = host.read(path, follow=False, limit_bytes=_LIMIT_BYTES)
    except HostError:
        return None
    if sha256(content).hexdigest() != identity:
        return None
    return ImageSource(content=content, origin=f"BuildKit's copy {path}")


def _unflipped(host: Host, images: Images, identity: str) -> ImageSource | None:
    try:
        content = host.read(images.path_of(identity), follow=False, limit_bytes=_LIMIT_BYTES)
    except HostError:
        return None
    if len(content) > _MAX_FLIP_BYTES:
        return None
    found = unflip(content, identity)
    return (
        None if found is None else ImageSource(content=found, origin="its own content with one flipped bit corrected")
    )


def unflip(content: bytes, wanted: str) -> bytes | None:
    """Return the content with one bit flipped so that it has the wanted sha256, ``None`` if no single bit does."""
    changed = bytearray(content)
    before = sha256()
    for index, byte in enumerate(content):
        for bit in range(8):
            changed[index] = byte ^ (1 << bit)
            digest = before.copy()
            digest.update(memoryview(changed)[index:])
            if digest.hexdigest() == wanted:
                return bytes(changed)
        changed[index] = byte
        before.update(content[index : index + 1])
    return None

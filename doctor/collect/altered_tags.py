"""Looks for flipped bits in the names of images: in the list itself, and beside the metadata backup's."""

from hashlib import sha256

from doctor.facts.altered_tags import AlteredTags
from doctor.facts.containers import Containers
from doctor.facts.data_root import DataRoot
from doctor.facts.images import Images, Tags, familiar, repository_of, tags_content
from doctor.facts.kept_digests import KeptDigests
from doctor.formats.repositories_json import is_reference_of
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why

_NAME = "image/overlay2/repositories.json"


@collector
def altered_tags(
    host: Host, root: DataRoot, images: Images, told: KeptDigests | Missing, containers: Containers | Missing
) -> AlteredTags:
    """Return what is altered; absent where there is no list that the engine can read.

    A list that is as the engine writes it and whose names all mean an image costs one comparison; the backup is read only
    for another, and for one that has the size of the backup's and not its content.
    """
    tags = images.tags
    if tags.status != "ok" or not tags.content:
        raise HostError(Missing(Why.ABSENT, f"{tags.path}: no list of names"))
    size, digest = told.files.get(_NAME, (0, "")) if isinstance(told, KeptDigests) else (0, "")
    is_changed = size == len(tags.content) and digest != sha256(tags.content).hexdigest()
    if not is_changed and _is_plain(tags, images):
        return AlteredTags(path=tags.path)
    # A list that is in order has no use for these.
    from doctor.facts.tag_flips import Known, altered  # noqa: PLC0415

    kept, is_unwritten, age = _kept(host, root, tags)
    known = Known(
        images=frozenset(images.configs.keys() | images.described),
        told=_told(tags, kept, containers),
        kept=kept if len(kept) == len(tags.content) else b"",
        is_unwritten=is_unwritten,
    )
    return AlteredTags(path=tags.path, items=altered(tags.content, known), age=age)


def _is_plain(tags: Tags, images: Images) -> bool:
    return tags_content(tags.entries) == tags.content and all(
        is_reference_of(repository_of(reference), reference) and digest.removeprefix("sha256:") in images.configs
        for reference, digest in tags.entries.items()
    )


def _kept(host: Host, root: DataRoot, tags: Tags) -> tuple[bytes, bool, str]:
    """Return the backup's list, whether nobody has written the host's own since, and the backup's age."""
    from doctor.collect.kept import Backups  # noqa: PLC0415 - read only where something is odd
    from doctor.collect.metadata_lists import is_tags  # noqa: PLC0415

    try:
        found = Backups(host, root).find(_NAME, is_tags)
        if found is None:
            return b"", False, ""
        # A new file takes the old one's place each time the engine writes: what only time did to it keeps the time.
        return found[0], host.lstat(tags.path, follow=False).mtime_ns == found[1].mtime_ns, found[2].age
    except HostError:
        return b"", False, ""


def _told(tags: Tags, kept: bytes, containers: Containers | Missing) -> dict[tuple[str, str], str]:
    """Return who else tells a name of an image; the best source wins."""
    from doctor.collect.images import parse_tags  # noqa: PLC0415

    told: dict[tuple[str, str], str] = {}
    for container in containers.items if isinstance(containers, Containers) else ():
        reference = familiar(container.image)
        if reference:
            told[reference, container.image_id] = f"container {container.title}"
    for entries in tags.siblings:
        told |= dict.fromkeys(entries.items(), "a temporary file beside it")
    return told | dict.fromkeys(parse_tags(kept).items() if kept else (), "the backup")

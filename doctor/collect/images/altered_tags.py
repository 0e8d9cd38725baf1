"""Searches flipped bits in the names of images: in the list itself, and by comparison with the metadata backup."""

import re
from hashlib import sha256

from doctor.engines.docker import places as docker
from doctor.facts.backup.digests import KeptDigests
from doctor.facts.containers.containers import Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.altered_tags import AlteredTags
from doctor.facts.images.images import Images, Tags, familiar
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why

_PLAIN = re.compile(
    rb'\{"Repositories":\{(?:"([^"\\]+)":\{(?:"\1(?::\w[\w.-]{0,127}|@sha256:[0-9a-f]{64})":"sha256:[0-9a-f]{64}"'
    rb'(?:,(?=")|(?=\})))+\}(?:,(?=")|(?=\})))*\}\}'
)
"""A list as written by the engine. One bit can't change a repository both in its key and in its names."""


@collector
def altered_tags(
    host: Host, root: DataRoot, images: Images, recorded: KeptDigests | Missing, containers: Containers | Missing
) -> AlteredTags:
    """Return the altered names; absent if the engine can't read the list.

    A list in the engine's format whose names all refer to an image costs one pass; the backup is read only for another
    list, and for one with the size of the backup's and other content.
    """
    tags = images.tags
    if tags.status != "ok" or not tags.content:
        raise HostError(Missing(Why.ABSENT, f"{tags.path}: no list of names"))
    size, digest = recorded.files.get(docker.tags(), (0, "")) if isinstance(recorded, KeptDigests) else (0, "")
    is_changed = size == len(tags.content) and digest != sha256(tags.content).hexdigest()
    if not is_changed and is_plain(tags, images):
        return AlteredTags(path=tags.path)
    # Not needed for a valid list.
    from doctor.rebuild.images.tag_flips import KnownNames, altered  # noqa: PLC0415

    kept, is_unwritten, age = _kept(host, root, tags)
    known = KnownNames(
        images=frozenset(images.configs.keys() | images.described),
        sources=_sources(tags, kept, containers),
        kept=kept if len(kept) == len(tags.content) else b"",
        is_unwritten=is_unwritten,
    )
    return AlteredTags(path=tags.path, items=altered(tags.content, known), age=age)


def is_plain(tags: Tags, images: Images) -> bool:
    """Whether each name matches its repository and has a tag or digest, none is duplicate, and all refer to an image."""
    return (
        _PLAIN.fullmatch(tags.content) is not None
        and tags.content.count(b'":"') == len(tags.entries)
        and all(digest[7:] in images.configs for digest in tags.entries.values())
    )


def _kept(host: Host, root: DataRoot, tags: Tags) -> tuple[bytes, bool, str]:
    """Return the backup's list, whether the host's own is unchanged since, and the backup's age."""
    from doctor.collect.backup.kept import Backups  # noqa: PLC0415 - read only where something is odd
    from doctor.collect.backup.lists import is_tags  # noqa: PLC0415

    try:
        found = Backups(host, root).find(docker.tags(), is_tags)
        if found is None:
            return b"", False, ""
        # The engine replaces the file at each write: a corruption does not change its modification time.
        return found[0], host.lstat(tags.path, follow=False).mtime_ns == found[1].mtime_ns, found[2].age
    except HostError:
        return b"", False, ""


def _sources(tags: Tags, kept: bytes, containers: Containers | Missing) -> dict[tuple[str, str], str]:
    """Return the other sources of each name of an image; the best source wins."""
    from doctor.collect.images.images import parse_tags  # noqa: PLC0415

    sources: dict[tuple[str, str], str] = {}
    for container in containers.items if isinstance(containers, Containers) else ():
        reference = familiar(container.image)
        if reference:
            sources[reference, container.image_id] = f"container {container.title}"
    for entries in tags.siblings:
        sources |= dict.fromkeys(entries.items(), "a temporary file beside it")
    return sources | dict.fromkeys(parse_tags(kept).items() if kept else (), "the backup")

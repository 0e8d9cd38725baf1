"""Reads the engine's lists from the metadata backup, if the host's own are corrupt or missing."""

from functools import partial
from typing import TYPE_CHECKING

from doctor.collect.databases.bolt_values import network_records
from doctor.collect.images.images import config_of, parse_tags
from doctor.engines.docker import places as docker
from doctor.facts.backup.lists import KeptNetworks, KeptNotes, KeptTags
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.images import Images
from doctor.facts.network.needs import BUILT_IN
from doctor.formats.databases.bolt import Bucket, read
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import join

if TYPE_CHECKING:
    from doctor.collect.backup.kept import Backups


@collector
def kept_tags(host: Host, root: DataRoot, images: Images, containers: Containers | Missing) -> KeptTags:
    """Return the image names in a backup; absent if the host's own list is valid.

    Names of images without any layers are left out: those images were removed after the backup.
    """
    if images.tags.status == "ok":
        raise HostError(Missing(Why.ABSENT, f"{images.tags.path} is whole"))
    from doctor.collect.backup.kept import Backups  # noqa: PLC0415 - a healthy root has no use for it

    backups = Backups(host, root)
    found = backups.find(docker.tags(), is_tags)
    if found is None:
        raise HostError(Missing(Why.ABSENT, "no backup has names of images"))
    used = () if isinstance(containers, Missing) else containers.items
    here = images.configs.keys() | images.described | {one.image_id.removeprefix("sha256:") for one in used}
    recorded = parse_tags(found[0])
    wanted = {digest.removeprefix("sha256:") for digest in recorded.values()}
    here |= {identity for identity in wanted - here if _has_layers(host, images, backups, identity)}
    entries = {reference: digest for reference, digest in recorded.items() if digest.removeprefix("sha256:") in here}
    return KeptTags(entries=entries, age=found[2].age)


def _has_layers(host: Host, images: Images, backups: "Backups", identity: str) -> bool:
    """Whether the top layer of an image without a config is still recorded: ``docker rmi`` would have removed it."""
    found = backups.find(docker.image_config(identity), lambda data: config_of(identity, data).is_sound)
    if found is None:
        return False
    top = config_of(identity, found[0]).top
    return bool(top) and host.exists(join(images.top, docker.LAYER_RECORDS, top))


@collector
def kept_notes(host: Host, root: DataRoot, images: Images) -> KeptNotes:
    """Return the missing metadata of images from a backup; absent if none is missing."""
    notes = join(images.top, docker.IMAGE_METADATA)
    damaged = images.without_parent()
    wanted = damaged if images.described or host.exists(notes) else {config.id for config in images.sound()}
    if not wanted:
        raise HostError(Missing(Why.ABSENT, f"{notes}: no metadata of an image is missing"))
    from doctor.collect.backup.kept import Backups  # noqa: PLC0415 - a healthy root has no use for it

    backups = Backups(host, root)
    prefix = docker.image_metadata("")
    lost: dict[str, dict[str, bytes]] = {}
    for path in backups.items[0].generation.files:
        identity, _, name = path.removeprefix(prefix).partition("/")
        if not path.startswith(prefix) or identity not in wanted or (identity in damaged and name != docker.PARENT):
            continue
        found = backups.find(path, partial(_is_note, images) if name == docker.PARENT else bool)
        if found is not None:
            lost.setdefault(identity, {})[name] = found[0]
    return KeptNotes(lost=lost, age=backups.items[0].age)


def _is_note(images: Images, content: bytes) -> bool:
    """Whether a content is the id of an existing image."""
    return content.decode("ascii", "replace").strip().removeprefix("sha256:") in images.configs


@collector
def kept_networks(host: Host, root: DataRoot, database: NetworkDatabase) -> KeptNetworks:
    """Return the network records in a backup; absent if the host's own database is valid."""
    if not (database.file.is_broken or database.file.is_lost):
        raise HostError(Missing(Why.ABSENT, f"{database.file.path} is whole"))
    from doctor.collect.backup.kept import Backups  # noqa: PLC0415 - a healthy root has no use for it

    found = Backups(host, root).find(docker.NETWORK_DATABASE, is_database)
    if found is None:
        raise HostError(Missing(Why.ABSENT, "no backup has records of networks"))
    tree = newest(found[0])
    bucket = tree.at(docker.NETWORK_BUCKET) if tree is not None else None
    names = {one.id: one.name for one in network_records(tree).values() if one.name not in BUILT_IN}
    return KeptNetworks(values=bucket.keys if bucket is not None else {}, names=names, age=found[2].age)


def is_database(content: bytes) -> bool:
    """Whether a content is a valid bolt file that is not empty."""
    try:
        return bool(content) and read(content).is_sound
    except FormatError:
        return False


def newest(content: bytes) -> Bucket | None:
    """Return the newest tree of a valid bolt file."""
    best = read(content).best
    return None if best is None else best.root


def is_tags(content: bytes) -> bool:
    """Whether a content is a list with at least one image name."""
    try:
        return bool(parse_tags(content))
    except FormatError:
        return False

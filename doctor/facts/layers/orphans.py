"""Layer directories that something refers to, and reasons why the others may not be orphans.

Only certain ones are orphans: not a directory that a corrupt record may have named, or that a build cache may use.
"""

from collections.abc import Iterator

from doctor.engines.docker import places as docker
from doctor.facts.databases.databases import BuildkitDatabases
from doctor.facts.host.mounts import Mounts
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.layers.records import DIRECTORY_NAME
from doctor.facts.layers.short_links import owners
from doctor.formats.databases.bolt import Bucket
from doctor.model.missing import Missing

_BUILDKIT_LENGTH = 25


def recorded(graph: LayerGraph) -> set[str]:
    """Return the directories that a record, a half-removed record, a mount record or BuildKit's list names."""
    layers = graph.layers
    found = {record.cache_id for record in layers.records.values() if record.cache_id}
    found.update(layers.removing.values())
    for mount in layers.mounts.values():
        for name in {mount.mount_id, mount.named_by_init} - {None, ""}:
            found.update({str(name), docker.init_layer(str(name))})
    found.update(graph.snapshots or {})
    found.update((graph.snapshots or {}).values())
    found.update(graph.built.values())
    return found


def stood_on(graph: LayerGraph, used: set[str]) -> set[str]:
    """Return the directories that the ``lower`` of a used directory names."""
    by_name = owners(graph.layers)
    found: set[str] = set()
    for name in used:
        directory = graph.directory(name)
        if directory is not None:
            found.update(by_name[link] for link in directory.lower or () if link in by_name)
    return found


def mounted(graph: LayerGraph, mounts: Mounts | Missing, names: set[str]) -> set[str]:
    """Return those of ``names`` that a mount of this host uses."""
    if isinstance(mounts, Missing):
        return set()
    text = "\n".join(
        part
        for mount in mounts.items
        if "overlay" in mount.fs_type or mount.mount_point.startswith(graph.layers.overlay2)
        for part in (mount.mount_point, *mount.super_options)
    )
    return {name for name in names if name in text or graph.names.get(name, name) in text}


def doubt(graph: LayerGraph, buildkit: BuildkitDatabases | Missing) -> str:
    """Return why orphans can't be determined: the corruption that hides possible references; "" for none."""
    tagged = {digest.removeprefix("sha256:") for digest in graph.images.tags.entries.values()}
    if graph.gaps:
        return graph.gaps[0].reason
    if not graph.layers.records:
        return "there is no record of any layer"
    if graph.images.tags.status == "corrupt":
        return "the list of image names is corrupt"
    if len(graph.images.sound()) < len(graph.images.configs) or tagged - graph.images.configs.keys():
        return "the config of an image is corrupt or missing"
    if any(chain not in graph.cache for chain in (*graph.layers.records, *(layer.chain for layer in graph.needed()))):
        return "the directory of a recorded layer is unknown"
    if any(_is_damaged(graph, name) for name in (*graph.layers.mounts, *(one.id for one in graph.containers.items))):
        return "the mount record of a container is corrupt"
    if isinstance(buildkit, BuildkitDatabases):
        bad = [file for file in buildkit.files.values() if file.status != "ok"]
        if buildkit.gaps or bad:
            return (
                f"the build cache's {bad[0].path.rpartition('/')[2]} can't be read" if bad else buildkit.gaps[0].reason
            )
    return ""


def _is_damaged(graph: LayerGraph, container_id: str) -> bool:
    """Whether a mount record does not name its directory, or a container has no mount record."""
    record = graph.layers.mounts.get(container_id)
    if record is not None and record.mount_id is None and record.init_id is None and record.parent is None:
        return graph.containers.get(container_id) is not None
    return record is None or not record.mount_id or DIRECTORY_NAME.fullmatch(record.mount_id) is None


def named_by_buildkit(buildkit: BuildkitDatabases | Missing, names: set[str]) -> set[str]:
    """Return those of ``names`` that any of BuildKit's databases has, as a key or in a value.

    If there are no readable databases, these are all names in BuildKit's form.
    """
    if isinstance(buildkit, Missing):
        return {name for name in names if len(name) == _BUILDKIT_LENGTH}
    wanted = {name.encode("utf-8", "surrogateescape"): name for name in names}
    found: set[str] = set()
    for file in buildkit.files.values():
        for text in _texts(file.root) if file.root is not None else ():
            found.update(name for raw, name in wanted.items() if raw in text)
    return found


def _texts(bucket: Bucket) -> Iterator[bytes]:
    for key, value in bucket.keys.items():
        yield key
        yield value
    for key, inner in bucket.buckets.items():
        yield key
        yield from _texts(inner)

"""Builds the layer graph from other facts. No I/O."""

from hashlib import sha256

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Containers
from doctor.facts.databases.buildkit import Snapshots
from doctor.facts.images.images import Images
from doctor.facts.layers.graph import (
    ExpectedLayer,
    LayerGraph,
    is_digest,
    mount_parent,
)
from doctor.facts.layers.records import DIRECTORY_NAME, Layers
from doctor.facts.layers.short_links import decide_names, owners, parent_by_lower, paths
from doctor.model.declare import collector
from doctor.model.missing import Missing


@collector
def layer_graph(
    images: Images, layers: Layers, containers: Containers | Missing, snapshots: Snapshots | Missing
) -> LayerGraph:
    """Return the graph."""
    found = Containers() if isinstance(containers, Missing) else containers
    expected = _expected(images, layers)
    cache = _cache(layers)
    buildkit = None if isinstance(snapshots, Missing) else snapshots.parents(cache)
    parents = _parents(layers, expected, cache, _mount_parents(images, layers, found, cache), buildkit or {})
    ancestry = paths(parents)
    names = decide_names(layers, ancestry)
    return LayerGraph(
        images=images,
        layers=layers,
        containers=found,
        expected=expected,
        cache=cache,
        snapshots=buildkit,
        built={} if isinstance(snapshots, Missing) else snapshots.built(),
        names=names,
        lowers={identity: _lower(ancestry.get(identity), names) for identity in layers.directories},
        parents=parents,
        referenced=_referenced(layers, cache, buildkit),
        gaps=(*images.gaps, *layers.gaps),
    )


def _lower(above: tuple[str, ...] | None, names: dict[str, str]) -> tuple[str, ...] | None:
    if above is None or not all(directory in names for directory in above):
        return None
    return tuple(names[directory] for directory in above)


def _expected(images: Images, layers: Layers) -> dict[str, ExpectedLayer]:
    owners_of: dict[str, list[str]] = {}
    known: dict[str, tuple[str, str, int]] = {}
    for config in images.sound():
        parent = ""
        for depth, (chain, diff) in enumerate(zip(config.chain, config.diff_ids, strict=True)):
            known[chain] = (diff, parent, depth)
            owners_of.setdefault(chain, []).append(config.id)
            parent = chain
    expected = {
        chain: ExpectedLayer(chain=chain, diff=diff, parent=parent, depth=depth, images=tuple(owners_of[chain]))
        for chain, (diff, parent, depth) in known.items()
    }
    for chain, record in layers.records.items():
        if chain not in expected and is_digest(record.diff) and _proves(chain, record.diff or "", record.parent):
            parent = (record.parent or "").removeprefix("sha256:")
            expected[chain] = ExpectedLayer(chain=chain, diff=record.diff or "", parent=parent, depth=-1, images=())
    return expected


def _proves(chain: str, diff: str, parent: str | None) -> bool:
    """Whether a record's name follows from its own files: such a record is right even without its image."""
    if parent is None:
        return diff == f"sha256:{chain}"
    return is_digest(parent) and sha256(f"{parent} {diff}".encode()).hexdigest() == chain


def _cache(layers: Layers) -> dict[str, str]:
    claims: dict[str, list[str]] = {}
    for chain, record in layers.records.items():
        if record.cache_id and DIRECTORY_NAME.fullmatch(record.cache_id) and record.cache_id in layers.directories:
            claims.setdefault(record.cache_id, []).append(chain)
    return {chains[0]: directory for directory, chains in claims.items() if len(chains) == 1}


def _mount_parents(images: Images, layers: Layers, containers: Containers, cache: dict[str, str]) -> dict[str, str]:
    """Return ``X-init`` → the directory of its image's top layer ("" for an image without layers)."""
    found: dict[str, str] = {}
    for container_id, record in layers.mounts.items():
        chain = mount_parent(container_id, images, layers, containers)
        if not record.mount_id or chain is None:
            continue
        first = docker.init_layer(record.mount_id)
        if record.init_id and first not in layers.directories:
            continue  # its -init, which should be below it, is missing
        target = first if first in layers.directories else record.mount_id
        if not chain:
            found[target] = ""
        elif chain in cache:
            found[target] = cache[chain]
    return found


def _parents(
    layers: Layers,
    expected: dict[str, ExpectedLayer],
    cache: dict[str, str],
    mounts: dict[str, str],
    buildkit: dict[str, str],
) -> dict[str, str]:
    """Return directory → parent directory, from the best source: chains, mounts, BuildKit, then its own ``lower``."""
    parents: dict[str, str] = {}
    decided: set[str] = set()
    for chain, directory in cache.items():
        decided.add(directory)
        known = expected.get(chain)
        if known is not None and not known.parent:
            parents[directory] = ""
        elif known is not None and known.parent in cache:
            parents[directory] = cache[known.parent]
    for record in layers.mounts.values():
        if record.mount_id:
            decided.add(
                docker.init_layer(record.mount_id)
                if docker.init_layer(record.mount_id) in layers.directories
                else record.mount_id
            )
    by_name: dict[str, str] | None = None
    for identity, found in layers.directories.items():
        if identity in decided and identity not in mounts:
            continue
        if identity in mounts:
            parents[identity] = mounts[identity]
        elif docker.init_layer(identity) in layers.directories:
            parents[identity] = docker.init_layer(identity)
        elif identity in buildkit:
            parents[identity] = buildkit[identity]
        else:
            by_name = owners(layers) if by_name is None else by_name
            parent = parent_by_lower(found, by_name)
            if parent is not None:
                parents[identity] = parent
    return parents


def _referenced(layers: Layers, cache: dict[str, str], buildkit: dict[str, str] | None) -> frozenset[str]:
    found = set(cache.values()) | set(buildkit or {})
    for record in layers.mounts.values():
        if record.mount_id:
            found.update({record.mount_id, docker.init_layer(record.mount_id)})
    return frozenset(found & set(layers.directories))

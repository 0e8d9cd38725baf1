"""Lists what is complete in Docker's data root for the storage driver overlay2, from the facts of a scan."""

from collections.abc import Iterator

from msgspec.structs import replace

from doctor.api.engine import Ask
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.needs import BUILT_IN_RUNTIMES, lost_runtimes
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.altered_tags import AlteredTags
from doctor.facts.images.images import ImageConfig, Images
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.network.needs import BUILT_IN
from doctor.facts.volumes.volumes import Volumes
from doctor.formats.images.oci_digest import is_hex64
from doctor.model.expected import Expected, Need

# The engine removes these if it is not in a swarm.
_SWARM_DRIVERS = frozenset({"overlay"})


def expected_of(before: Ask, after: Ask) -> Expected:
    """Return what must be there after a plan, from the facts before it and the predicted ones."""
    foreseen = present(after)
    places = [root.resolved for root in (before(DataRoot), after(DataRoot)) if isinstance(root, DataRoot)]
    # A plan that changes the data root is judged by the new one.
    found = _unaltered(present(before), before).with_(foreseen) if len(set(places)) < 2 else foreseen
    known = _known_unmet(before)
    needs = {one: tuple(need for need in every if (one, need) not in known) for one, every in found.needs.items()}
    return replace(found, needs={one: left for one, left in needs.items() if left})


def _unaltered(found: Expected, ask: Ask) -> Expected:
    """Return it without the names that a flipped bit changed: the prediction has what a plan makes of them."""
    altered = ask(AlteredTags)
    made = {item.name for item in altered.items} if isinstance(altered, AlteredTags) else set()
    return replace(found, tags={name: digest for name, digest in found.tags.items() if name not in made})


def present(ask: Ask) -> Expected:
    """Return what is complete; a part that can't be examined is empty."""
    graph, images, containers, volumes, networks = (
        ask(kind) for kind in (LayerGraph, Images, Containers, Volumes, NetworkDatabase)
    )
    whole = dict(_whole_images(graph, images)) if isinstance(graph, LayerGraph) and isinstance(images, Images) else {}
    kept = {
        one.id: one
        for one in (containers.items if isinstance(containers, Containers) else ())
        if isinstance(graph, LayerGraph) and _is_whole(graph, one)
    }
    tags = images.tags.entries if isinstance(images, Images) and images.tags.status == "ok" else {}
    named = networks.networks if isinstance(networks, NetworkDatabase) and networks.file.status == "ok" else {}
    return Expected(
        images=whole,
        tags={reference: digest for reference, digest in tags.items() if digest.removeprefix("sha256:") in whole},
        containers={one.id: one.title for one in kept.values()},
        runs=tuple(sorted(one.id for one in kept.values() if _stays_up(one))),
        volumes=tuple(sorted(_whole_volumes(volumes))) if isinstance(volumes, Volumes) else (),
        networks={
            one.id: one.name for one in named.values() if one.name not in BUILT_IN and one.driver not in _SWARM_DRIVERS
        },
        needs={one.id: needs for one in kept.values() if (needs := tuple(_needs(one)))},
    )


def _needs(one: Container) -> Iterator[Need]:
    for place in one.networks:
        if (
            place.name not in BUILT_IN
            and place.name != "default"
            and (not place.network_id or is_hex64(place.network_id))
        ):
            yield Need("network", place.network_id or place.name, place.name)
    for mount in one.mounts:
        if mount.kind == "volume" and mount.name and mount.driver in {"local", ""}:
            yield Need("volume", mount.name, mount.name)
    if one.host is None:
        return
    if not BUILT_IN_RUNTIMES.fullmatch(one.host.runtime):
        yield Need("runtime", one.host.runtime, one.host.runtime)
    kind, _, name = one.host.network_mode.partition(":")
    if kind == "container" and is_hex64(name):
        yield Need("container", name, name[:12])


def _known_unmet(ask: Ask) -> set[tuple[str, Need]]:
    """Return (container, need) of what was certainly missing before a repair, which other findings report."""
    found = present(ask)
    database, config = ask(NetworkDatabase), ask(EngineConfig)
    containers, volumes = ask(Containers), ask(Volumes)
    items = containers.items if isinstance(containers, Containers) else ()
    kinds = {"container"} if isinstance(containers, Containers) else set()
    kinds |= {"network"} if isinstance(database, NetworkDatabase) and database.file.status == "ok" else set()
    kinds |= {"volume"} if isinstance(volumes, Volumes) else set()
    registered = (
        lost_runtimes(containers, config)
        if isinstance(containers, Containers) and isinstance(config, EngineConfig)
        else {}
    )
    known = {*found.networks, *found.networks.values()}
    held = {"network": known, "volume": {*found.volumes}, "container": {one.id for one in items}}
    return {
        (one.id, need)
        for one in items
        for need in _needs(one)
        if (need.kind in kinds and need.name not in held[need.kind])
        or (need.kind == "runtime" and need.name in registered)
    }


def _whole_images(graph: LayerGraph, images: Images) -> Iterator[tuple[str, str]]:
    for config in images.sound():
        if _stands(graph, config):
            yield config.id, images.title(config.id)


def _stands(graph: LayerGraph, config: ImageConfig) -> bool:
    """Whether each layer of an image has its record and its files, and each record is right."""
    return all(_is_layer_whole(graph, chain) for chain in config.chain)


def _is_layer_whole(graph: LayerGraph, chain: str) -> bool:
    directory = graph.directory(graph.cache.get(chain, ""))
    layer, record = graph.expected.get(chain), graph.record(chain)
    if directory is None or not directory.has_diff or layer is None or record is None:
        return False
    return not graph.damaged_files(layer) and record.parent == (f"sha256:{layer.parent}" if layer.parent else None)


def _is_whole(graph: LayerGraph, one: Container) -> bool:
    """Whether the engine will list a container: its files, its writable layer, and the layers below that."""
    if (
        one.driver != docker.OVERLAY2
        or one.host is None
        or one.host.auto_remove
        or one.state.dead
        or one.state.removing
    ):
        return False
    record, top = graph.layers.mounts.get(one.id), graph.mount_parent(one.id)
    if record is None or top is None or graph.damaged_mount(one.id):
        return False
    directory = graph.directory(record.mount_id or "")
    return (
        directory is not None
        and directory.has_diff
        and all(_is_layer_whole(graph, chain) for chain in _down(graph, top))
    )


def _stays_up(one: Container) -> bool:
    """Whether a container ran steadily, without restart loops, and the engine starts it by itself."""
    return one.state.running and not one.state.restarting and one.restarts_itself


def _down(graph: LayerGraph, top: str) -> Iterator[str]:
    """Yield a layer and those below it."""
    for _ in range(1000):
        if not top:
            return
        yield top
        layer = graph.expected.get(top)
        top = layer.parent if layer is not None else ""


def _whole_volumes(volumes: Volumes) -> Iterator[str]:
    return (name for name, one in volumes.items.items() if one.data_kind == "d" and one.options_status != "broken")

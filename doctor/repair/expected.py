"""What must be there after a repair, by name: computed before the first step, so that a smaller set never passes for success.

What was whole before and what the plan foresees to be whole afterwards must both be there, on disk and for the engine. What a
finding names as broken, and no action mends, is not in it: the plan shows that as left.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from doctor.facts.config.engine import EngineConfig
from doctor.facts.containerd.lists import ContainerdLists, NamedImage, short
from doctor.facts.containers.containers import Container, Containers
from doctor.facts.containers.needs import BUILT_IN_RUNTIMES, lost_runtimes
from doctor.facts.containers.stopped import Stopping
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.altered_tags import AlteredTags
from doctor.facts.images.images import ImageConfig, Images
from doctor.facts.layers.graph import LayerGraph
from doctor.facts.network.needs import BUILT_IN
from doctor.facts.volumes.volumes import Volumes
from doctor.formats.images.oci_digest import is_hex64
from doctor.scan.resolve import Facts

DRIVER = "overlay2"
# The namespace that the engine's images have in containerd's store.
_ENGINE = "moby"
# The engine takes these down where it is in no swarm.
_SWARM_DRIVERS = frozenset({"overlay"})


class Need(Struct, frozen=True):
    """One thing that a start of a container asks for: ``network``, ``volume``, ``runtime`` or ``container``, and its name or id.

    ``title`` is what a person calls it.
    """

    kind: str
    name: str
    title: str


class Expected(Struct, frozen=True, kw_only=True):
    """What is whole in a data root.

    Attributes:
        images: id → what a person calls it: config, and every layer with its record and directory.
        tags: reference → digest, of those images.
        containers: id → title: settings, mount record, writable layer and all layers below it. Not those the engine removes
            at its start (``--rm``, half removed).
        runs: ids of containers that ran and that the engine starts by itself.
        again: id → name of the other containers that ran, which doctor starts again after its own stop of the engine;
            with ``removed`` those that this stop removes (``--rm``).
        volumes: names, of the local driver.
        networks: id → name, but for those that the engine makes anew at each start.
        stored: image in containerd's own store, as a person calls it → digest: whatever the record names, whole or not.
        needs: container id → what its start asks for by name ("network mesh", "volume data"), that nobody knew to be missing.
    """

    images: dict[str, str] = {}
    tags: dict[str, str] = {}
    containers: dict[str, str] = {}
    runs: tuple[str, ...] = ()
    again: dict[str, str] = {}
    removed: dict[str, str] = {}
    volumes: tuple[str, ...] = ()
    networks: dict[str, str] = {}
    stored: dict[str, str] = {}
    needs: dict[str, tuple[Need, ...]] = {}

    def with_(self, later: "Expected") -> "Expected":
        """Return everything of both; where a name means two images, the later one counts."""
        return Expected(
            images={**self.images, **later.images},
            tags={**self.tags, **later.tags},
            containers={**self.containers, **later.containers},
            runs=tuple(sorted({*self.runs, *later.runs})),
            again={**self.again, **later.again},
            removed={**self.removed, **later.removed},
            volumes=tuple(sorted({*self.volumes, *later.volumes})),
            networks={**self.networks, **later.networks},
            needs={**self.needs, **later.needs},
        )

    def unmet(self, there: "Expected", runtimes: frozenset[str]) -> tuple[str, ...]:
        """Return each container that can't be started, with what it names and the engine, which has ``there``, has not."""
        names = {*there.networks, *there.networks.values()}
        held = {"network": names, "volume": {*there.volumes}, "runtime": runtimes, "container": {*there.containers}}
        return tuple(
            f"container {self.containers[identity]} can't start: {need.kind} {need.title} does not exist"
            for identity, needs in self.needs.items()
            if identity in self.containers
            for need in needs
            if need.name not in held[need.kind]
        )

    def beyond(self, there: "Expected") -> tuple[str, ...]:
        """Return what is missing in ``there``, each as a person would name it."""
        return (
            *(f"image {title}" for identity, title in self.images.items() if identity not in there.images),
            *(
                _tag(reference, digest, there)
                for reference, digest in self.tags.items()
                if there.tags.get(reference) != digest
            ),
            *(f"container {title}" for identity, title in self.containers.items() if identity not in there.containers),
            *(f"volume {name}" for name in self.volumes if name not in there.volumes),
            *(f"network {name}" for identity, name in self.networks.items() if identity not in there.networks),
            *(f"image {title}" for title, digest in self.stored.items() if there.stored.get(title) != digest),
        )

    @property
    def in_words(self) -> str:
        """Return how much it is ("3 images with 4 names, 2 containers, 1 volume")."""
        names = f" with {_count(len(self.tags), 'name')}" if self.tags else ""
        parts = (
            f"{_count(len(self.images), 'image')}{names}" if self.images else "",
            _count(len(self.containers), "container") if self.containers else "",
            _count(len(self.volumes), "volume") if self.volumes else "",
            _count(len(self.networks), "network") if self.networks else "",
        )
        return ", ".join(filter(None, parts)) or "nothing"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _tag(reference: str, digest: str, there: Expected) -> str:
    found = there.tags.get(reference)
    short = digest.removeprefix("sha256:")[:12]
    other = "" if found is None else f" (it names {found.removeprefix('sha256:')[:12]})"
    return f"the name {reference} of image {short}{other}"


def expected_of(before: Facts, after: Facts) -> Expected:
    """Return what must be there after a plan, by the facts it starts from and those it foresees."""
    foreseen = present(after)
    places = [root.resolved for root in (before.get(DataRoot), after.get(DataRoot)) if isinstance(root, DataRoot)]
    # A plan that leads the engine to another data root is judged by that one.
    found = _unaltered(present(before), before).with_(foreseen) if len(set(places)) < 2 else foreseen
    known = _known_unmet(before)
    needs = {one: tuple(need for need in every if (one, need) not in known) for one, every in found.needs.items()}
    return replace(found, needs={one: left for one, left in needs.items() if left})


def with_stopped(expected: Expected, stopping: Iterable[Stopping]) -> Expected:
    """Return it with what a stop of the engine stops, and must run again afterwards."""
    left = {one.container.id: one for one in stopping if one.container.id not in expected.runs}
    return replace(
        expected,
        again={identity: one.container.name for identity, one in left.items() if not one.is_removed},
        removed={identity: one.container.name for identity, one in left.items() if one.is_removed},
    )


def _unaltered(found: Expected, facts: Facts) -> Expected:
    """Return it without the names that a flipped bit made: what a plan leaves of them is foreseen."""
    altered = facts.get(AlteredTags)
    made = {item.name for item in altered.items} if isinstance(altered, AlteredTags) else set()
    return replace(found, tags={name: digest for name, digest in found.tags.items() if name not in made})


def present(facts: Facts) -> Expected:
    """Return what is whole as facts tell; a part that can't be looked at is empty."""
    graph, images, containers, volumes, networks = (
        facts.get(kind) for kind in (LayerGraph, Images, Containers, Volumes, NetworkDatabase)
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


def standing(facts: Facts) -> Expected:
    """Return what is whole, and the images that containerd lists: for what came later, not for what a repair must keep."""
    lists = facts.get(ContainerdLists)
    images = (image for one in lists.items for image in one.images) if isinstance(lists, ContainerdLists) else ()
    return replace(present(facts), stored={_stored(image): image.target for image in images})


def _stored(image: NamedImage) -> str:
    return short(image.name) + ("" if image.namespace == _ENGINE else f" of namespace {image.namespace}")


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


def _known_unmet(facts: Facts) -> set[tuple[str, Need]]:
    """Return (container, need) of what was certainly missing before a repair: that is another finding's matter."""
    found = present(facts)
    database, config = facts.get(NetworkDatabase), facts.get(EngineConfig)
    containers, volumes = facts.get(Containers), facts.get(Volumes)
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
    """Whether each layer of an image has its record and its files, and each record says what it must."""
    return all(_is_layer_whole(graph, chain) for chain in config.chain)


def _is_layer_whole(graph: LayerGraph, chain: str) -> bool:
    directory = graph.directory(graph.cache.get(chain, ""))
    layer, record = graph.expected.get(chain), graph.record(chain)
    if directory is None or not directory.has_diff or layer is None or record is None:
        return False
    return not graph.damaged_files(layer) and record.parent == (f"sha256:{layer.parent}" if layer.parent else None)


def _is_whole(graph: LayerGraph, one: Container) -> bool:
    """Whether the engine will list a container: its files, its writable layer, and the layers below that."""
    if one.driver != DRIVER or one.host is None or one.host.auto_remove or one.state.dead or one.state.removing:
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
    """Whether a container ran, and not only again and again for a moment, and the engine starts it by itself."""
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

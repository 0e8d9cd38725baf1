"""Lists by name everything that must be in a data root after a repair, so that a smaller set never passes for success."""

from msgspec import Struct

from doctor.model.probe_result import ProbeResult


class Need(Struct, frozen=True):
    """One thing that a start of a container needs: ``network``, ``volume``, ``runtime`` or ``container``, and its name or id.

    ``title`` is its name for display.
    """

    kind: str
    name: str
    title: str


class Expected(Struct, frozen=True, kw_only=True):
    """Everything that is complete in a data root.

    Attributes:
        images: id → name for display: config, and every layer with its record and directory.
        tags: reference → digest, of those images.
        containers: id → title: settings, mount record, writable layer and all layers below it. Not those the engine removes
            at its start (``--rm``, half removed).
        runs: ids of containers that ran and that the engine starts by itself.
        restarts: id → name of the other containers that ran, which doctor starts again after its own stop of the engine;
            with ``removed`` those that this stop removes (``--rm``).
        volumes: names, of the local driver.
        networks: id → name, without those that the engine recreates at each start.
        stored: name of an image in containerd's own store → digest of its record, whether the image is complete or not.
        needs: container id → what its start needs ("network mesh", "volume data") and was not known to be missing.
    """

    images: dict[str, str] = {}
    tags: dict[str, str] = {}
    containers: dict[str, str] = {}
    runs: tuple[str, ...] = ()
    restarts: dict[str, str] = {}
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
            restarts={**self.restarts, **later.restarts},
            removed={**self.removed, **later.removed},
            volumes=tuple(sorted({*self.volumes, *later.volumes})),
            networks={**self.networks, **later.networks},
            stored={**self.stored, **later.stored},
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
        """Return what is missing in ``there``, each with its name for display."""
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


class Asked(Struct, frozen=True, kw_only=True):
    """The answers of an engine that was asked for everything that must be there.

    Attributes:
        proof: all of them, for the report.
        is_missing: whether something is missing (and not only stopped).
        is_stopped: whether something does not run that the engine starts by itself.
    """

    proof: ProbeResult
    is_missing: bool
    is_stopped: bool

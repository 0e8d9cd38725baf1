"""Identifies a data root by several weighted traits: no single file or number decides.

A trait that agrees counts for the same root, one that differs counts against it, and one missing on either side is
ignored. ``WEIGHTS`` is the whole rule; two records are of the same root if the sum reaches ``SAME``.

* ``engine-id`` may be corrupt, empty, missing or recreated by dockerd: it never decides alone.
* Directories are identified by inode and birth time together. A new file system reuses inode numbers, but not birth
times. * The random names of layers, containers and anonymous volumes (48 bits each) agree only by descent.
* A copy of a root (rsync, a restored image) has other directories and the same names. It is the same root for records
made before the copy; later records belong to the other one. * A clone (of a virtual machine, a snapshot) is identical
until the two diverge. Then it has names that are older than the record but missing in it.
"""

from collections.abc import Iterator

from msgspec import Struct

from doctor.model.text import is_one_bit_off

SKETCH = 128
"""How many random names are kept: the smallest, so that two sketches are comparable."""

SAME = 4
"""The weight from which two records are of one root."""

WEIGHTS = {
    ("engine-id", True): 3,
    ("engine-id", False): -3,
    ("directories", True): 3,
    ("directories", False): -1,
    ("inodes", True): 1,
    ("file system", True): 1,
    ("file system", False): -1,
    ("names", True): 5,
    ("some names", True): 2,
    ("names", False): -6,
    ("volumes", True): 1,
    ("volumes", False): -1,
    ("path", True): 1,
    ("older than the record", False): -12,
    ("names of its own", False): -12,
}
"""(trait, whether it agrees) → weight. The last two prove that a clone or copy diverged, and outweigh all others."""

_FEW = 3
_S_NS = 1_000_000_000
_SLACK_S = 10
"""Birth times come from a coarser clock, and recording takes a moment."""


class RootIdentity(Struct, frozen=True, kw_only=True):
    """Traits that identify a data root; a default value is unknown.

    Attributes:
        path: its resolved path on its host.
        when: when this was recorded, in seconds since the epoch.
        engine_id: the text of ``engine-id``, "" if it is missing or has an unknown form.
        file_system: magic number and id, as hex.
        places: name → inode and birth time (nanoseconds since the epoch, 0: the file system doesn't record it) of the
            root (".") and of the directories in it.
        names: the first 12 digits of random names (layer directories, containers, anonymous volumes): the ``SKETCH`` smallest.
        volumes: hashes of the names of the other volumes, likewise.
        unknown_elders: for the compared root, how many of its random names are missing in the record and older than it.
    """

    path: str
    when: float = 0.0
    engine_id: str = ""
    file_system: str = ""
    places: dict[str, tuple[int, int]] = {}
    names: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    unknown_elders: int = 0

    @property
    def known_until(self) -> int:
        """Anything born before this time (nanoseconds since the epoch) existed when this was recorded."""
        return int((self.when - _SLACK_S) * _S_NS)


class Trait(Struct, frozen=True):
    """One trait that both sides have: whether it agrees, and its weight."""

    name: str
    agrees: bool

    @property
    def weight(self) -> int:
        """Its weight."""
        return WEIGHTS[self.name, self.agrees]


class Likeness(Struct, frozen=True):
    """Comparison of two records."""

    traits: tuple[Trait, ...]

    @property
    def weight(self) -> int:
        """The sum of all traits."""
        return sum(trait.weight for trait in self.traits)

    @property
    def is_same(self) -> bool:
        """Whether both are of one data root."""
        return self.weight >= SAME

    @property
    def in_words(self) -> str:
        """Return the traits that agree and those that differ ("engine-id, names agree; file system differs")."""
        agree = ", ".join(trait.name for trait in self.traits if trait.agrees)
        differ = ", ".join(trait.name for trait in self.traits if not trait.agrees)
        parts = (f"{agree} agree" if agree else "", f"{differ} differ" if differ else "")
        return "; ".join(filter(None, parts)) or "nothing to compare"


def compare(recorded: RootIdentity, here: RootIdentity) -> Likeness:
    """Compare the present root with a recorded one."""
    return Likeness(tuple(_traits(recorded, here)))


def sketch(names: "Iterator[str] | set[str] | frozenset[str]") -> tuple[str, ...]:
    """Return the smallest names, the same ones on both sides of a comparison."""
    return tuple(sorted(set(names))[:SKETCH])


def missing_names(recorded: RootIdentity, here: RootIdentity) -> tuple[str, ...]:
    """Return the names of the present root that fall within the range of the record but are missing in it."""
    reach = _reach(recorded.names, here.names)
    known = set(recorded.names)
    return tuple(name for name in here.names if name <= reach and name not in known)


def _traits(recorded: RootIdentity, here: RootIdentity) -> Iterator[Trait]:
    if recorded.path == here.path:
        yield Trait("path", True)
    if recorded.file_system and here.file_system:
        yield Trait("file system", recorded.file_system == here.file_system)
    if recorded.engine_id and here.engine_id and not is_one_bit_off(recorded.engine_id, here.engine_id):
        yield Trait("engine-id", recorded.engine_id == here.engine_id)
    yield from _directories(recorded, here)
    yield from _names(recorded, here)
    if recorded.volumes and here.volumes:
        yield Trait("volumes", _share(recorded.volumes, here.volumes) > 0)


def _directories(recorded: RootIdentity, here: RootIdentity) -> Iterator[Trait]:
    common = recorded.places.keys() & here.places.keys()
    if not common:
        return
    same = [name for name in common if recorded.places[name] == here.places[name]]
    if 2 * len(same) >= len(common):
        is_dated = all(here.places[name][1] for name in same)
        yield Trait("directories" if is_dated else "inodes", True)
        return
    if same:
        return
    yield Trait("directories", False)
    # The root itself may be the top of a file system created long before the copy.
    births = [born for name, (_, born) in here.places.items() if name != "."]
    if births and all(births) and max(births) < recorded.known_until:
        yield Trait("older than the record", False)


def _names(recorded: RootIdentity, here: RootIdentity) -> Iterator[Trait]:
    share = _share(recorded.names, here.names)
    if share >= 0.5:
        yield Trait("names", True)
    elif share:
        yield Trait("some names", True)
    elif min(len(recorded.names), len(here.names)) >= _FEW:
        yield Trait("names", False)
    if here.unknown_elders >= max(_FEW, len(here.names) / 4):
        yield Trait("names of its own", False)


def _share(recorded: tuple[str, ...], here: tuple[str, ...]) -> float:
    """Return the fraction of the smaller side that the other one has, within the range of both sketches."""
    reach = _reach(recorded, here)
    mine, other = ({name for name in side if name <= reach} for side in (recorded, here))
    return len(mine & other) / min(len(mine), len(other)) if mine and other else 0.0


def _reach(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    """Return the last name within the range of both sketches."""
    ends = [side[-1] for side in (one, other) if len(side) >= SKETCH]
    return min(ends, default="\U0010ffff")

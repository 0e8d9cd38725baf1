"""Data roots beside the one in force that hold what the engine no longer shows, asked for only while that one is empty."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class OtherRoot(Struct, frozen=True, kw_only=True):
    """One of them.

    Attributes:
        how: ``remap`` (a directory that userns-remap made, or the plain one beside it), ``default`` (the usual place, while
            ``data-root`` names another), ``snap`` (that of the snap package's engine), ``beside`` (a directory beside the one in
            force, named after it) or ``replaced`` (the metadata backup knows another root at the very same path).
        path: where it is; of a replaced one, the path that both share.
        images: image configs in it; ``containers`` directories of containers.
        age: of the backup that tells of a replaced one, in words.
    """

    how: str
    path: HostPath
    images: int
    containers: int
    age: str = ""


class OtherRoots(Struct, frozen=True, kw_only=True):
    """All that hold anything.

    Attributes:
        root: the one in force.
        items: the others, empty where the one in force holds images or containers.
        gaps: what could not be examined.
    """

    root: HostPath
    items: tuple[OtherRoot, ...] = ()
    gaps: tuple[Missing, ...] = ()

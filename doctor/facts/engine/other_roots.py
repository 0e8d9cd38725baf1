"""Other data roots with images or containers that the engine does not show. Read only if the one in use is empty."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class OtherRoot(Struct, frozen=True, kw_only=True):
    """One other data root.

    Attributes:
        how: ``remap`` (a directory of userns-remap, or the plain one beside it), ``default`` (the default path, while
            ``data-root`` names another), ``snap`` (that of the snap package's engine), ``beside`` (a directory beside the one in
            use, named after it) or ``replaced`` (the metadata backup is of another root at the same path).
        path: its path; for a replaced one, the path of both.
        images: number of image configs; ``containers`` number of container directories.
        age: age of the backup of a replaced one, in words.
    """

    how: str
    path: HostPath
    images: int
    containers: int
    age: str = ""


class OtherRoots(Struct, frozen=True, kw_only=True):
    """All other data roots that are not empty.

    Attributes:
        root: the one in use.
        items: the others; empty if the one in use has images or containers.
        gaps: what could not be examined.
    """

    root: HostPath
    items: tuple[OtherRoot, ...] = ()
    gaps: tuple[Missing, ...] = ()

"""A sample of images: how the engine would mount each, and what must be seen in it then."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class Shape(Struct, frozen=True, kw_only=True):
    """What a file is: kind letter as ``ls -l`` shows it ("-" for a regular file), permission bits, owner, size."""

    kind: str
    mode: int
    uid: int
    gid: int
    size: int


class ImageSample(Struct, frozen=True, kw_only=True):
    """One image.

    Attributes:
        title: what a person calls it.
        layers: directories below ``overlay2``, topmost first, as the engine finds them when it mounts a container of the
            image: by the short links of its top layer and of those that this one's ``lower`` holds.
        present: path inside → what it is, for files that no layer above hides.
        absent: paths that a whiteout removes for good.
        program: first word of its command, "" for none; ``search`` its PATH; ``is_program_of_volume`` whether a volume that the
            image declares covers it.
        change: a small regular file of a lower layer that a container may write to, "" for none; ``hide`` another one.
        problem: why it can't be mounted at all, "" if it can be tried.
    """

    title: str
    layers: tuple[str, ...] = ()
    present: dict[str, Shape] = {}
    absent: tuple[str, ...] = ()
    program: str = ""
    search: str = ""
    is_program_of_volume: bool = False
    change: str = ""
    hide: str = ""
    problem: str = ""


class ImageSamples(Struct, frozen=True, kw_only=True):
    """The sample.

    Attributes:
        overlay2: the directory that the layers' names are relative to.
        items: at most five images, those with a name first.
        total: how many usable images there are.
        lost: titles of images, in or out of the sample, with a layer that has no directory.
        gaps: what could not be examined.
    """

    overlay2: HostPath
    items: tuple[ImageSample, ...]
    total: int
    lost: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

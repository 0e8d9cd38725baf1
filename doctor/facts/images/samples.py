"""A sample of images: how the engine mounts each, and the expected files in the mount."""

from msgspec import Struct

from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class Shape(Struct, frozen=True, kw_only=True):
    """Metadata of a file: kind letter as in ``ls -l`` ("-" for a regular file), permission bits, owner, size."""

    kind: str
    mode: int
    uid: int
    gid: int
    size: int


class ImageSample(Struct, frozen=True, kw_only=True):
    """One image.

    Attributes:
        title: its name for display.
        layers: layer directories, topmost first, as the engine finds them when it mounts a container of the
            image: through the short link of its top layer and those in the top layer's ``lower``.
        present: path inside → metadata, for files that no layer above hides.
        absent: paths that a whiteout removes and no layer above adds again.
        program: first word of its command, "" for none; ``search`` its PATH; ``is_program_of_volume`` whether a volume of the
            image covers it.
        change: a small regular file of a lower layer that a container may write to, "" for none; ``hide`` another one.
        problem: why it can't be mounted, "" if it can be tried.
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
    """The sample of images.

    Attributes:
        overlay2: the directory of the layer directories.
        items: at most five images, those with a name first.
        total: number of usable images.
        lost: titles of images, whether in the sample or not, with a layer that has no directory.
        gaps: what could not be examined.
    """

    overlay2: HostPath
    items: tuple[ImageSample, ...]
    total: int
    lost: tuple[str, ...] = ()
    gaps: tuple[Missing, ...] = ()

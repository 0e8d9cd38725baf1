"""Values of a salvage: what it finds, writes and leaves out."""

from msgspec import Struct

from doctor.model.exit_code import ExitCode
from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class Source(Struct, frozen=True, kw_only=True):
    """A possible place of a layer.

    Attributes:
        split: its tar-split.
        directory: the directory with its files.
        most_bytes: the largest possible file if reading one requires a copy of a device; otherwise 0.
    """

    split: HostPath
    directory: HostPath
    most_bytes: int = 0


class ImageLayer(Struct, frozen=True, kw_only=True):
    """A layer that an image needs.

    Attributes:
        chain: its chain id without "sha256:".
        diff: the digest that its tar must have.
        sources: its possible places, the likeliest first; empty if no record names a directory.
    """

    chain: str
    diff: str
    sources: tuple[Source, ...]


class Image(Struct, frozen=True, kw_only=True):
    """An image with a config that matches its id, or one without a config.

    Attributes:
        id: 64 hex digits.
        names: its references ("app:latest"), sorted; those by digest are omitted.
        path: of its config; ``copy`` is the config from another source if that file is damaged.
        diff_ids: digests of its layers, lowest first, with ``chain`` their chain ids.
        problem: why its config is unusable, "" if it is usable.
    """

    id: str
    path: HostPath
    copy: bytes = b""
    names: tuple[str, ...] = ()
    diff_ids: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    problem: str = ""

    @property
    def title(self) -> str:
        """Return its display name: its first name, else its short id."""
        return self.names[0] if self.names else self.id[:12]


class Left(Struct, frozen=True, kw_only=True):
    """Something that is not in the salvage.

    Attributes:
        kind: ``image``, ``volume``, ``container`` or ``driver``.
        name: of it.
        reason: why it is missing.
        is_unread: whether it could not be read (no privilege, a disk error): the salvage is incomplete.
    """

    kind: str
    name: str
    reason: str
    is_unread: bool = False


class ImageStores(Struct, frozen=True, kw_only=True):
    """Everything known of a data root's images.

    Attributes:
        images: by id, those with names first.
        layers: by chain id.
        left: items that can't be read.
        origin: sources of names missing in the engine's own list, "" for none.
        gaps: items that could not be read.
    """

    images: tuple[Image, ...]
    layers: dict[str, ImageLayer]
    left: tuple[Left, ...] = ()
    origin: str = ""
    gaps: tuple[Missing, ...] = ()


class Blob(Struct, frozen=True, kw_only=True):
    """A blob of the target.

    Attributes:
        digest: of its bytes, with "sha256:".
        size: in bytes.
        diff: digest of a layer's tar; it differs from ``digest`` if the layer is compressed.
    """

    digest: str
    size: int
    diff: str = ""


class Written(Struct, frozen=True, kw_only=True):
    """An image in the salvage.

    Attributes:
        id: its image id: the digest of ``config``, in containerd's store that of ``target``.
        names: its references.
        config: the blob of its config, with ``layers`` those of its layers, lowest first.
        manifest: the blob that names them.
        unproven: its unproven part, "" if all is proven; ``original`` is then the id of the original image.
        target: the blob of its names if it isn't ``manifest``: an index of several; ``media_type`` is its type.
        others: blobs of the index's other manifests.
        container: name of the container with its changes in the last, unproven layer; "" for an image.
    """

    id: str
    names: tuple[str, ...]
    config: Blob
    layers: tuple[Blob, ...]
    manifest: Blob
    unproven: str = ""
    original: str = ""
    target: Blob | None = None
    media_type: str = "application/vnd.oci.image.manifest.v1+json"
    others: tuple[Blob, ...] = ()
    container: str = ""

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Every blob that belongs to it."""
        whole = () if self.target is None else (self.target,)
        return (self.config, *self.layers, *self.others, self.manifest, *whole)


class WrittenTree(Struct, frozen=True, kw_only=True):
    """A volume or a writable layer that was written as a tar.

    Attributes:
        kind: ``volume`` or ``container``.
        name: of it.
        file: relative to the target.
        size: bytes of the tar.
        skipped: entries that a tar can't hold (sockets) or that could not be read, the first few.
        note: a remark, "" for none.
    """

    kind: str
    name: str
    file: str
    size: int
    skipped: tuple[str, ...] = ()
    note: str = ""


class SalvageOutcome(Struct, frozen=True, kw_only=True):
    """Result of a salvage."""

    images: tuple[Written, ...] = ()
    trees: tuple[WrittenTree, ...] = ()
    left: tuple[Left, ...] = ()
    notes: tuple[str, ...] = ()
    bytes_written: int = 0
    bytes_kept: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """Return 0 if all was proven and written, 3 if something could not be read, else 1."""
        if any(one.is_unread for one in self.left):
            return ExitCode.INCOMPLETE
        is_short = self.left or any(image.unproven for image in self.images)
        return ExitCode.FOUND if is_short else ExitCode.OK

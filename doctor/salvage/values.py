"""What a salvage finds, writes and leaves out."""

from msgspec import Struct

from doctor.model.exit_code import ExitCode
from doctor.model.missing import Missing
from doctor.model.paths import HostPath


class Source(Struct, frozen=True, kw_only=True):
    """One place where a layer may be.

    Attributes:
        split: its tar-split.
        directory: the directory with its files.
        most_bytes: where looking at a file costs a copy of a device, the most that one can have; 0 where it doesn't.
    """

    split: HostPath
    directory: HostPath
    most_bytes: int = 0


class Layer(Struct, frozen=True, kw_only=True):
    """A layer that an image needs.

    Attributes:
        chain: its chain id without "sha256:".
        diff: the digest that its tar must have.
        sources: where it may be, the likeliest first; empty where no record names a directory.
    """

    chain: str
    diff: str
    sources: tuple[Source, ...]


class Image(Struct, frozen=True, kw_only=True):
    """An image whose config has the hash of its id, or one that was here and has none.

    Attributes:
        id: 64 hex digits.
        names: references that mean it ("app:latest"), sorted; those by digest are left out.
        path: of its config; ``copy`` is the config where that file is damaged and another source has it.
        diff_ids: digests of its layers, lowest first, with ``chain`` their chain ids.
        problem: why its config can't be used, "" where it can.
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
        """Return what a person calls it: its first name, else its short id."""
        return self.names[0] if self.names else self.id[:12]


class Left(Struct, frozen=True, kw_only=True):
    """Something that is not in the salvage.

    Attributes:
        kind: ``image``, ``volume``, ``container`` or ``driver``.
        name: of it.
        reason: why.
        is_unread: whether it could not be looked at (no privilege, an error of the disk): the salvage is incomplete.
    """

    kind: str
    name: str
    reason: str
    is_unread: bool = False


class Store(Struct, frozen=True, kw_only=True):
    """All that a data root tells of its images.

    Attributes:
        images: by id, those with names first.
        layers: by chain id.
        left: what can't be read at all.
        origin: where names come from that the engine's own list doesn't tell, "" for none.
        gaps: what could not be looked at.
    """

    images: tuple[Image, ...]
    layers: dict[str, Layer]
    left: tuple[Left, ...] = ()
    origin: str = ""
    gaps: tuple[Missing, ...] = ()


class Blob(Struct, frozen=True, kw_only=True):
    """A blob of the target.

    Attributes:
        digest: of its bytes, with "sha256:".
        size: in bytes.
        diff: of a layer the digest of its tar: another one than ``digest`` where it is compressed.
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
        unproven: what is not proven of it, "" where all is; then ``original`` is the id of the image it was.
        target: the blob that its names mean where that isn't ``manifest``: an index of several; ``media_type`` is its type.
        others: blobs of the index's other manifests.
        container: name of the container whose changes are its last layer, which nothing proves; "" for an image.
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
        """All that belongs to it."""
        whole = () if self.target is None else (self.target,)
        return (self.config, *self.layers, *self.others, self.manifest, *whole)


class Tree(Struct, frozen=True, kw_only=True):
    """A volume or a writable layer that was written as a tar.

    Attributes:
        kind: ``volume`` or ``container``.
        name: of it.
        file: relative to the target.
        size: bytes of the tar.
        skipped: entries that a tar can't hold (sockets) or that could not be read, the first few.
        note: what to know about it, "" for nothing.
    """

    kind: str
    name: str
    file: str
    size: int
    skipped: tuple[str, ...] = ()
    note: str = ""


class Outcome(Struct, frozen=True, kw_only=True):
    """What a salvage did."""

    images: tuple[Written, ...] = ()
    trees: tuple[Tree, ...] = ()
    left: tuple[Left, ...] = ()
    notes: tuple[str, ...] = ()
    bytes_written: int = 0
    bytes_kept: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """Return 0 where all was proven and written, 3 where something could not be looked at, else 1."""
        if any(one.is_unread for one in self.left):
            return ExitCode.INCOMPLETE
        is_short = self.left or any(image.unproven for image in self.images)
        return ExitCode.FOUND if is_short else ExitCode.OK

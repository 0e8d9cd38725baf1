"""Reads overlay2's layer records and directories: names and small files, no layer content; each file once."""

import os
from collections.abc import Iterator

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.layers.records import LayerDirectory, LayerRecord, Layers, MountRecord
from doctor.formats.gzip_ends import HEAD_BYTES, TAIL_BYTES, ends_fit
from doctor.formats.images.oci_digest import is_hex64
from doctor.host.base import Host
from doctor.host.folder import Folder, open_folder
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

# `lower` of 128 parents has 128 times 29 bytes; the other files fewer than 100.
_LIMIT_BYTES = 1 << 16


@collector
def layers(host: Host, root: DataRoot) -> Layers:
    """Return all records; absent if this root never used overlay2."""
    if root.driver(docker.OVERLAY2) is None:
        raise HostError(Missing(Why.ABSENT, f"{root.resolved}: no overlay2 layers"))
    return _RecordReader(host).read(root.at(docker.image_store()), root.at(docker.OVERLAY2))


class _RecordReader:
    """One pass over the disk."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.gaps: list[Missing] = []

    def read(self, store: HostPath, overlay2: HostPath) -> Layers:
        """Return the records of both directories."""
        records: dict[str, LayerRecord] = {}
        removing: dict[str, str] = {}
        for name, folder in self.folders(f"{store}/{docker.LAYER_RECORDS}"):
            if is_hex64(name):
                records[name] = self.record(folder, name)
            elif name.endswith(docker.REMOVING_SUFFIX):
                removing[name] = self.text(folder, docker.CACHE_ID) or ""
        mounts = {name: self.mount(folder, name) for name, folder in self.folders(f"{store}/{docker.MOUNT_RECORDS}")}
        directories: dict[str, LayerDirectory] = {}
        links: dict[str, str] | None = None
        for name, folder in self.folders(str(overlay2)):
            if name == docker.SHORT_LINKS:
                links = {name: self.link(folder, name, kind) for name, kind in self.entries(folder).items()}
            else:
                directories[name] = self.directory(folder, name)
        return Layers(
            records=records,
            removing=removing,
            unfinished=tuple(self.names(f"{store}/{docker.UNFINISHED_RECORDS}")),
            mounts=mounts,
            directories=directories,
            links={} if links is None else links,
            link_directory="d" if links is not None else self.kind(f"{overlay2}/{docker.SHORT_LINKS}"),
            store=store,
            overlay2=overlay2,
            gaps=tuple(self.gaps),
        )

    def kind(self, path: str) -> str:
        """Return the kind letter of a path, "" if it does not exist."""
        try:
            return self.host.lstat(HostPath(path), follow=False).kind
        except HostError as error:
            self._refused(error)
            return ""

    def open(self, path: str) -> Folder | None:
        """Open a directory; ``None`` if it does not exist."""
        try:
            return open_folder(self.host, HostPath(path))
        except HostError as error:
            self._refused(error)
            return None

    def folders(self, path: str) -> Iterator[tuple[str, Folder]]:
        """Yield the directories in a directory, each open until the next one."""
        top = self.open(path)
        if top is None:
            return
        with top:
            for name, kind in self.entries(top).items():
                if kind != "d":
                    continue
                try:
                    folder = top.folder(name)
                except HostError as error:
                    self._refused(error)
                    # It was removed, or can't be opened: it is known, but its content is not.
                    yield name, Folder(self.host, top.at(name))
                    continue
                with folder:
                    yield name, folder

    def names(self, path: str) -> list[str]:
        """Return the names in a directory; empty if it does not exist."""
        folder = self.open(path)
        if folder is None:
            return []
        with folder:
            return list(self.entries(folder))

    def entries(self, folder: Folder) -> dict[str, str]:
        """Return names and kinds in a directory; empty if it can't be read."""
        try:
            return folder.entries()
        except HostError as error:
            self._refused(error)
            return {}

    def text(self, folder: Folder, name: str) -> str | None:
        """Return a small file's text, stripped like in dockerd; "" if it is not a file, ``None`` if it does not exist."""
        found = self.raw(folder, name)
        return None if found is None else found.strip()

    def raw(self, folder: Folder, name: str) -> str | None:
        """Return a small file's text unchanged: overlay2 strips nothing."""
        try:
            data = folder.read(name, limit_bytes=_LIMIT_BYTES)
        except HostError as error:
            self._refused(error)
            return None if error.is_absent else ""
        return data.decode("ascii", "replace")

    def link(self, folder: Folder, name: str, kind: str) -> str:
        """Return a link's target, "" if it is not a link."""
        if kind not in {"l", "?"}:
            return ""
        try:
            return folder.readlink(name)
        except HostError as error:
            self._refused(error)
            return ""

    def record(self, folder: Folder, chain: str) -> LayerRecord:
        """Return a layer record."""
        names = self.entries(folder)
        size, is_torn = self.split(folder, docker.TAR_SPLIT) if docker.TAR_SPLIT in names else (-1, False)

        def text(file: str) -> str | None:
            return self.text(folder, file) if file in names else None

        return LayerRecord(
            chain=chain,
            diff=text(docker.DIFF_ID),
            parent=text(docker.PARENT),
            cache_id=text(docker.CACHE_ID),
            size=text(docker.LAYER_SIZE),
            tar_split_bytes=size,
            is_split_truncated=is_torn,
        )

    def mount(self, folder: Folder, container: str) -> MountRecord:
        """Return a mount record."""
        return MountRecord(
            container_id=container,
            mount_id=self.text(folder, docker.MOUNT_ID),
            init_id=self.text(folder, docker.INIT_ID),
            parent=self.text(folder, docker.PARENT),
        )

    def directory(self, folder: Folder, identity: str) -> LayerDirectory:
        """Return one layer directory."""
        names = self.entries(folder)
        lower = self.raw(folder, docker.LOWER) if docker.LOWER in names else None
        return LayerDirectory(
            id=identity,
            link=self.raw(folder, docker.LINK) if docker.LINK in names else None,
            lower=None
            if lower is None
            else tuple(part.removeprefix(docker.SHORT_LINK_PREFIX) for part in lower.split(":") if lower),
            has_diff=names.get(docker.DIFF) == "d",
            has_work=names.get(docker.WORK) == "d",
            has_merged=docker.MERGED in names,
            committed=names.get(docker.COMMITTED, ""),
        )

    def split(self, folder: Folder, name: str) -> tuple[int, bool]:
        """Return the size of a tar-split, -1 if it is not a file, and whether its header or trailer shows that it is truncated."""
        size = self._size(folder, name)
        if size <= 0:
            return size, False
        try:
            descriptor = folder.open(name)
        except HostError as error:
            # Also for a prediction that changes it: a plan writes valid files.
            self._refused(error)
            return size, False
        try:
            head = os.pread(descriptor, HEAD_BYTES, 0)
            tail = os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES))
        except OSError:
            return size, True
        finally:
            os.close(descriptor)
        return size, not ends_fit(head, tail, size)

    def _size(self, folder: Folder, name: str) -> int:
        try:
            return folder.file_size(name)
        except HostError as error:
            self._refused(error)
            return -1

    def _refused(self, error: HostError) -> None:
        if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
            self.gaps.append(error.missing)

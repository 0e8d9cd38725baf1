"""Reads overlay2's layer records and directories: names and small files, no layer content, each file once."""

import os

from doctor.facts.data_root import DataRoot
from doctor.facts.layers import LayerDirectory, LayerRecord, Layers, MountRecord
from doctor.formats.gzip_ends import HEAD_BYTES, TAIL_BYTES, ends_fit
from doctor.formats.oci_digest import is_hex64
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_DRIVER = "overlay2"
# `lower` of 128 parents has 128 times 29 bytes; the other files fewer than 100.
_LIMIT_BYTES = 1 << 16


@collector
def layers(host: Host, root: DataRoot) -> Layers:
    """Return all records; absent where this root never used overlay2."""
    if root.driver(_DRIVER) is None:
        raise HostError(Missing(Why.ABSENT, f"{root.resolved}: no overlay2 layers"))
    return _Reader(host).read(HostPath(f"{root.at('image')}/{_DRIVER}/layerdb"), root.at(_DRIVER))


class _Reader:
    """One pass over the disk."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.gaps: list[Missing] = []

    def read(self, layerdb: HostPath, overlay2: HostPath) -> Layers:
        """Return what lies in both places."""
        records: dict[str, LayerRecord] = {}
        removing: dict[str, str] = {}
        for name, kind in self.entries(f"{layerdb}/sha256"):
            if kind != "d":
                continue
            if is_hex64(name):
                records[name] = self.record(f"{layerdb}/sha256/{name}", name)
            elif name.endswith("-removing"):
                removing[name] = self.text(f"{layerdb}/sha256/{name}/cache-id") or ""
        mounts = {
            name: self.mount(f"{layerdb}/mounts/{name}", name)
            for name, kind in self.entries(f"{layerdb}/mounts")
            if kind == "d"
        }
        names = self.entries(str(overlay2))
        return Layers(
            records=records,
            removing=removing,
            unfinished=tuple(sorted(name for name, _ in self.entries(f"{layerdb}/tmp"))),  # noqa: S108 - dockerd's own
            mounts=mounts,
            directories={
                name: self.directory(f"{overlay2}/{name}", name) for name, kind in names if kind == "d" and name != "l"
            },
            links={name: self.link(f"{overlay2}/l/{name}", kind) for name, kind in self.entries(f"{overlay2}/l")},
            has_link_directory=("l", "d") in names,
            layerdb=layerdb,
            overlay2=overlay2,
            gaps=tuple(self.gaps),
        )

    def entries(self, path: str) -> list[tuple[str, str]]:
        """Return names and kinds in a directory; nothing where there is none."""
        try:
            return sorted(self.host.scandir(HostPath(path), follow=False))
        except HostError as error:
            self._refused(error)
            return []

    def text(self, path: str) -> str | None:
        """Return a small file's text, stripped as dockerd does; "" for no file but something else, ``None`` for nothing."""
        found = self.raw(path)
        return None if found is None else found.strip()

    def raw(self, path: str) -> str | None:
        """Return a small file's text as it stands: overlay2 strips nothing."""
        try:
            data = self.host.read(HostPath(path), follow=False, limit_bytes=_LIMIT_BYTES)
        except HostError as error:
            self._refused(error)
            return None if error.is_absent else ""
        return data.decode("ascii", "replace")

    def link(self, path: str, kind: str) -> str:
        """Return a link's target, "" for what is no link."""
        if kind not in {"l", "?"}:
            return ""
        try:
            return self.host.readlink(HostPath(path), follow=False)
        except HostError as error:
            self._refused(error)
            return ""

    def record(self, path: str, chain: str) -> LayerRecord:
        """Return one layer's record."""
        names = dict(self.entries(path))
        wrong = tuple(name for name, kind in names.items() if kind not in {"f", "?"})

        size, is_torn = self.split(f"{path}/tar-split.json.gz") if "tar-split.json.gz" in names else (-1, False)

        def text(file: str) -> str | None:
            return self.text(f"{path}/{file}") if file in names else None

        return LayerRecord(
            chain=chain,
            diff=text("diff"),
            parent=text("parent"),
            cache_id=text("cache-id"),
            size=text("size"),
            tar_split_bytes=size,
            is_split_torn=is_torn,
            wrong_type=wrong,
        )

    def mount(self, path: str, container: str) -> MountRecord:
        """Return one container's record."""
        return MountRecord(
            container_id=container,
            mount_id=self.text(f"{path}/mount-id"),
            init_id=self.text(f"{path}/init-id"),
            parent=self.text(f"{path}/parent"),
        )

    def directory(self, path: str, identity: str) -> LayerDirectory:
        """Return one layer directory."""
        names = dict(self.entries(path))
        lower = self.raw(f"{path}/lower") if "lower" in names else None
        return LayerDirectory(
            id=identity,
            link=self.raw(f"{path}/link") if "link" in names else None,
            lower=None if lower is None else tuple(part.removeprefix("l/") for part in lower.split(":") if lower),
            has_diff=names.get("diff") == "d",
            has_work=names.get("work") == "d",
            has_merged="merged" in names,
            is_committed="committed" in names,
        )

    def split(self, path: str) -> tuple[int, bool]:
        """Return the size of a tar-split, -1 for no file, and whether its ends say that it is torn."""
        size = self._size(path)
        if size <= 0:
            return size, False
        try:
            descriptor = self.host.open_fd(HostPath(path))
        except HostError as error:
            # Also of a prediction that changes it: what a plan writes is whole.
            self._refused(error)
            return size, False
        try:
            head, tail = (
                os.pread(descriptor, HEAD_BYTES, 0),
                os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES)),
            )
        except OSError:
            return size, True
        finally:
            os.close(descriptor)
        return size, not ends_fit(head, tail, size)

    def _size(self, path: str) -> int:
        try:
            found = self.host.lstat(HostPath(path), follow=False)
        except HostError as error:
            self._refused(error)
            return -1
        return found.size if found.kind == "f" else -1

    def _refused(self, error: HostError) -> None:
        if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
            self.gaps.append(error.missing)

"""Finds files of a container that does not run, in the directories of its layers and in its mounts. Nothing is mounted."""

import os

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container
from doctor.facts.engine.data_root import DataRoot
from doctor.formats.host.program import HEAD
from doctor.formats.images.oci_digest import is_hex64
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, is_beneath, join
from doctor.model.view import Stat

_LINKS = 40
_OVERLAYS = (docker.OVERLAY2, "fuse-overlayfs")


class ContainerFiles:
    """The files of one container; ``HostError`` if its layers can't be examined."""

    def __init__(self, host: Host, root: DataRoot, one: Container) -> None:
        self._host = host
        self._one = one
        self._layers = _layers(host, root, one)

    def find(self, path: str) -> tuple[HostPath, Stat] | None:
        """Return the file on the host that a path in the container names, and its status, ``None`` without one."""
        parts, here, hops = _parts(path), "", 0
        place, stat = self._layers[0], self._host.lstat(self._layers[0], follow=False)
        while parts:
            part = parts.pop(0)
            if part == "..":
                here = here.rpartition("/")[0]
                continue
            found = self._at(f"{here}/{part}")
            if found is None:
                return None
            place, stat = found
            if stat.kind != "l":
                here = f"{here}/{part}"
                continue
            hops += 1
            target = self._host.readlink(place)
            if hops > _LINKS:
                return None
            here = "" if target.startswith("/") else here
            parts = _parts(target) + parts
        return place, stat

    def head(self, place: HostPath) -> bytes:
        """Return the first bytes of a file that was found."""
        descriptor = self._host.open_fd(place, follow=False)
        try:
            return os.pread(descriptor, HEAD, 0)
        finally:
            os.close(descriptor)

    def _at(self, path: str) -> tuple[HostPath, Stat] | None:
        mount = max(
            (mount for mount in self._one.mounts if is_beneath(path, mount.destination)),
            key=lambda mount: len(mount.destination),
            default=None,
        )
        if mount is not None:
            if not mount.source.startswith("/"):
                return None
            real = self._host.resolve(join(mount.source, path[len(mount.destination.rstrip("/")) :]))
            return self._look(real)
        for layer in self._layers:
            found = self._look(join(layer, path))
            if found is not None:
                # A whiteout: the layer above removed it.
                return None if found[1].kind == "c" and found[1].rdev == 0 else found
        return None

    def _look(self, place: HostPath) -> tuple[HostPath, Stat] | None:
        try:
            return place, self._host.lstat(place, follow=False)
        except HostError as error:
            if error.is_absent:
                return None
            raise


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part and part != "."]


def _layers(host: Host, root: DataRoot, one: Container) -> tuple[HostPath, ...]:
    """Return the directories of a container's layers, the upper one first."""
    record = root.at(docker.IMAGE, one.driver, docker.MOUNT_RECORDS, one.id, docker.MOUNT_ID)
    name = _text(host, record)
    if not is_hex64(name):
        raise HostError(Missing(Why.UNSUPPORTED, f"{record}: not the name of a layer"))
    if one.driver == "vfs":
        return (root.at("vfs/dir", name),)
    if one.driver not in _OVERLAYS:
        raise HostError(Missing(Why.UNSUPPORTED, f"the layers of storage driver {one.driver} are not directories"))
    lower = _text(host, root.at(one.driver, name, docker.LOWER)).split(":")
    below = (host.resolve(root.at(one.driver, link)) for link in lower if link.startswith(docker.SHORT_LINK_PREFIX))
    return (root.at(one.driver, name, docker.DIFF), *below)


def _text(host: Host, path: HostPath) -> str:
    return host.read(path, follow=False, limit_bytes=1 << 16).decode("utf-8", "replace").strip()

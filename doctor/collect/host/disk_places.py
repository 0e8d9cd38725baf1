"""Directories and files that are likely to be large, those that are measured quickly first."""

from collections.abc import Iterator

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.layers.leftovers import Leftovers
from doctor.facts.logging.drivers import Logging
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join
from doctor.state.paths import STATE_DIR

_LOGS = 5
_QUARANTINE = ".doctor-quarantine"
_PURGE = "'doctor quarantine purge --older-than 30d'"
_ORIGINALS = "originals that an undo of older repairs would need"


class LikelyPlace(Struct, frozen=True, kw_only=True):
    """A place to measure: several paths count together. The other fields are those of an eater."""

    what: str
    paths: tuple[HostPath, ...]
    frees: str = ""
    deletes: str = ""


def places(
    host: Host, root: DataRoot | Missing, logging: Logging | Missing, leftovers: Leftovers | Missing
) -> Iterator[LikelyPlace]:
    """Yield them; a place that does not exist costs one look."""
    if isinstance(logging, Logging):
        for file in sorted(logging.files, key=lambda file: -file.size_bytes)[:_LOGS]:
            yield LikelyPlace(
                what=f"the log of container {file.container}",
                paths=(file.path,),
                frees=f"truncate -s 0 {file.path}",
                deletes="what 'docker logs' shows of it",
            )
    yield from _of_system(first=True)
    if isinstance(root, DataRoot):
        yield from _of_engine(host, root, leftovers)
    yield LikelyPlace(what="containerd's content", paths=(join(containerd.DEFAULT_ROOT, containerd.CONTENT),))
    yield LikelyPlace(what="containerd's snapshots", paths=(join(containerd.DEFAULT_ROOT, containerd.SNAPSHOTTER),))
    yield from _of_system(first=False)


def _of_engine(host: Host, root: DataRoot, leftovers: Leftovers | Missing) -> Iterator[LikelyPlace]:
    if isinstance(leftovers, Leftovers) and leftovers.orphans:
        yield LikelyPlace(
            what="layers that nothing refers to",
            paths=tuple(join(root.at(docker.OVERLAY2), name) for name in leftovers.orphans),
            frees="'doctor fix state/layer-orphan --apply --allow destructive', then 'doctor quarantine purge --run RUN'",
            deletes="nothing before the purge",
        )
    yield LikelyPlace(what="quarantine of doctor", paths=(root.at(_QUARANTINE),), frees=_PURGE, deletes=_ORIGINALS)
    yield LikelyPlace(
        what="unfinished downloads",
        paths=(root.at("tmp"),),
        frees=f"systemctl restart {docker.NAME}",
        deletes="the parts of images that were not pulled to the end",
    )
    yield LikelyPlace(
        what="the build cache",
        paths=(root.at(docker.BUILDKIT),),
        frees="docker builder prune -a",
        deletes="cached build steps; the next builds take longer",
    )
    for name in _names(host, root.at(docker.VOLUMES)):
        yield LikelyPlace(what=f"volume {name}", paths=(join(root.at(docker.VOLUMES), name),))
    yield LikelyPlace(
        what="images and writable layers together", paths=(root.at(root.active_driver or docker.OVERLAY2),)
    )


def _of_system(*, first: bool) -> Iterator[LikelyPlace]:
    if not first:
        for what, path in (
            ("other logs", "/var/log"),
            ("temporary files", "/tmp"),  # noqa: S108 - only read
            ("temporary files", "/var/tmp"),  # noqa: S108 - only read
            ("home directories", "/home"),
            ("root's home", "/root"),
            ("files of services in /run", "/run"),
        ):
            yield LikelyPlace(what=what, paths=(HostPath(path),))
        return
    runs = HostPath(f"{STATE_DIR}/runs")
    yield LikelyPlace(what="quarantine and backups of doctor", paths=(runs,), frees=_PURGE, deletes=_ORIGINALS)
    for what, path, frees, deletes in (
        ("the journal", "/var/log/journal", "journalctl --vacuum-size=200M", "its oldest entries"),
        ("the journal", "/run/log/journal", "journalctl --vacuum-size=20M", "its oldest entries"),
        ("crash dumps", "/var/lib/systemd/coredump", "rm /var/lib/systemd/coredump/*", "memory of crashed programs"),
        ("crash dumps", "/var/crash", "", ""),
        ("package archives", "/var/cache/apt", "apt-get clean", "downloaded packages"),
        ("package archives", "/var/cache/dnf", "dnf clean all", "downloaded packages"),
    ):
        yield LikelyPlace(what=what, paths=(HostPath(path),), frees=frees, deletes=deletes)


def _names(host: Host, path: HostPath) -> list[str]:
    try:
        return sorted(name for name, kind in host.scandir(path, follow=False) if kind == "d")
    except HostError:
        return []

"""Checks the kinds of entries in containers' ``-init`` layers, with one call for a correct layer."""

from doctor.engines.docker import places as docker
from doctor.facts.layers.init_layers import FILES, FOLDERS, LINKS, InitLayers
from doctor.facts.layers.records import Layers
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_KINDS = {**dict.fromkeys(FOLDERS, "d"), **dict.fromkeys(FILES, "f"), **dict.fromkeys(LINKS, "l")}
_WORDS = {"d": "a directory", "f": "a file", "l": "a symbolic link", "p": "a FIFO", "s": "a socket"}


@collector
def init_layers(host: Host, layers: Layers) -> InitLayers:
    """Return the entries of the wrong kind.

    ``etc`` has all files that a start of the container needs. Each subdirectory adds a link to its parent, so a link count
    of two means no subdirectories (on btrfs and overlayfs the count is always one: there it is listed).
    """
    wrong: dict[str, dict[str, str]] = {}
    gaps: list[Missing] = []
    for container_id, record in layers.mounts.items():
        init = layers.directories.get(docker.init_layer(record.mount_id))
        if init is None or not init.has_diff:
            continue
        top = layers.diff_path(init.id)
        try:
            etc = host.lstat(join(top, "etc"), follow=False)
            found = {} if etc.kind == "d" and etc.nlink == 2 else _odd(host, top)
        except HostError as error:
            if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
                gaps.append(error.missing)
            continue
        if found:
            wrong[container_id] = found
    return InitLayers(wrong=wrong, gaps=tuple(gaps))


def _odd(host: Host, top: HostPath) -> dict[str, str]:
    """Return every entry of the wrong kind below the layer's ``diff``."""
    found: dict[str, str] = {}
    for folder in ("", "dev", "etc"):
        if folder in found:
            continue
        try:
            entries = dict(host.scandir(join(top, folder) if folder else top, follow=False))
        except HostError as error:
            if not error.is_absent:
                raise
            continue
        for name, kind in entries.items():
            entry = f"{folder}/{name}" if folder else name
            if entry in _KINDS and kind not in {_KINDS[entry], "?"}:
                found[entry] = _WORDS.get(kind, "a device")
    return found

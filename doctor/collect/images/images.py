"""Reads the image store; each config is hashed, because its name is its digest."""

from hashlib import sha256
from typing import Any

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.images.images import ImageConfig, Images, Tags, salvage_tags
from doctor.facts.secrets.redact import as_json
from doctor.formats.images.oci_digest import chain_ids, is_digest, is_hex64
from doctor.formats.json_safe import load_first
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_LIMIT_BYTES = 16 << 20
_PARENT_BYTES = 4096
_REFUSED = frozenset({Why.DENIED, Why.TIMED_OUT})


@collector
def images(host: Host, root: DataRoot) -> Images:
    """Return the overlay2 image store; absent if this root never used overlay2."""
    used = root.driver(docker.OVERLAY2)
    if used is None or (used.is_empty and not root.has(docker.IMAGE)):
        raise HostError(Missing(Why.ABSENT, f"{root.resolved}: no overlay2 image store"))
    return read_store(host, root.at(docker.image_store()))


def read_store(host: Host, top: HostPath) -> Images:
    """Return the image store of a driver; all drivers use the same format (moby image/fs.go, reference/store.go)."""
    gaps: list[Missing] = []
    configs: dict[str, ImageConfig] = {}
    strays: list[str] = []
    for name, _ in _entries(host, join(top, docker.IMAGE_CONFIGS), gaps):
        if is_hex64(name):
            found = _config(host, join(top, docker.IMAGE_CONFIGS, name), name, gaps)
            if found is not None:
                configs[name] = found
        else:
            strays.append(name)
    described = [name for name, _ in _entries(host, join(top, docker.IMAGE_METADATA), gaps) if is_hex64(name)]
    return Images(
        top=top,
        configs=dict(sorted(configs.items())),
        strays=tuple(sorted(strays)),
        described=frozenset(described),
        parents=_parents(host, join(top, docker.IMAGE_METADATA), described),
        tags=_tags(host, top, gaps),
        gaps=tuple(gaps),
    )


def _parents(host: Host, top: HostPath, described: list[str]) -> dict[str, str]:
    """Return the contents of the ``parent`` files; an unreadable one counts as empty, like in dockerd."""
    found: dict[str, str] = {}
    for name in described:
        path = join(top, name, docker.PARENT)
        try:
            found[name] = host.read(path, follow=False, limit_bytes=_PARENT_BYTES).decode("ascii", "replace").strip()
        except HostError as error:
            if not error.is_absent and error.missing.why not in _REFUSED:
                found[name] = ""
    return found


def config_of(identity: str, data: bytes) -> ImageConfig:
    """Return the config from the bytes of its file, verified by its digest first."""
    size = len(data)
    digest = sha256(data).hexdigest()
    if digest != identity:
        problem = "it is empty" if not size else f"its hash is {digest[:12]}…"
        return ImageConfig(id=identity, problem=problem, size_bytes=size)
    try:
        diff_ids = _diff_ids(load_first(data).value)
        chain = tuple(link.removeprefix("sha256:") for link in chain_ids(diff_ids))
    except FormatError as error:
        return ImageConfig(id=identity, problem=str(error), size_bytes=size)
    return ImageConfig(id=identity, size_bytes=size, diff_ids=diff_ids, chain=chain)


def _config(host: Host, path: HostPath, identity: str, gaps: list[Missing]) -> ImageConfig | None:
    try:
        return config_of(identity, host.read(path, follow=False, limit_bytes=_LIMIT_BYTES))
    except HostError as error:
        if error.missing.why in _REFUSED:
            gaps.append(error.missing)
            return None
        return ImageConfig(id=identity, problem=error.missing.reason.removeprefix(f"{path}: "))


def _diff_ids(value: Any) -> tuple[str, ...]:
    rootfs = value.get("rootfs") if isinstance(value, dict) else None
    found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if found is None and isinstance(rootfs, dict):
        return ()  # an image without layers
    if not isinstance(found, list) or not all(isinstance(digest, str) and is_digest(digest) for digest in found):
        raise FormatError("it has no list of layers")
    return tuple(found)


def _entries(host: Host, path: HostPath, gaps: list[Missing]) -> list[tuple[str, str]]:
    try:
        return list(host.scandir(path, follow=False))
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return []


def _tags(host: Host, top: HostPath, gaps: list[Missing]) -> Tags:
    path = join(top, docker.TAGS)
    names = _entries(host, top, gaps)
    aged = []
    for name, kind in sorted(names):
        if name.startswith(f"{docker.TEMPORARY_PREFIX}{docker.TAGS}") and kind == "f":
            path_there = join(top, name)
            try:
                entries = parse_tags(host.read(path_there, follow=False, limit_bytes=_LIMIT_BYTES))
                aged.append((host.lstat(path_there, follow=False).mtime_ns, entries))
            except (HostError, FormatError):
                continue
    # Their names end in a random number: only their time shows which one is the newest.
    siblings = [entries for _, entries in sorted(aged, key=lambda pair: pair[0])]
    kind = dict(names).get(docker.TAGS, "")
    if not kind:
        return Tags(path=path, status="missing", entries={}, siblings=tuple(siblings))
    data = b""
    try:
        data = host.read(path, follow=False, limit_bytes=_LIMIT_BYTES)
        entries = parse_tags(data)
        return Tags(path=path, status="ok", entries=entries, content=data, siblings=tuple(siblings))
    except FormatError as error:
        problem = str(error)
    except HostError as error:
        if error.missing.why in _REFUSED:
            gaps.append(error.missing)
            return Tags(path=path, status="ok", entries={})
        problem = error.missing.reason.removeprefix(f"{path}: ")
    salvaged = salvage_tags(data.decode("utf-8", "replace"))
    return Tags(
        path=path,
        status="corrupt",
        problem=problem,
        entries=salvaged,
        siblings=tuple(siblings),
    )


def parse_tags(data: bytes) -> dict[str, str]:
    """Return reference → digest of a repositories.json; raises ``FormatError`` if dockerd would refuse it.

    dockerd decodes the first JSON value (moby reference/store.go); a value of another type stops it. A text that is not a
    digest does not: the name is left out here, as it refers to no image.
    """
    value = load_first(data).value
    if value is not None and not isinstance(value, dict):
        raise FormatError("not a JSON object")
    entries: dict[str, str] = {}
    for key, repositories in (value or {}).items():
        # Go ignores the case of keys.
        if key.lower() == "repositories" and repositories is not None:
            entries |= _names(repositories)
    return entries


def _names(repositories: Any) -> dict[str, str]:
    if not isinstance(repositories, dict):
        raise FormatError("its Repositories are not an object")
    entries = {}
    for references in repositories.values():
        if not isinstance(references, dict):
            raise FormatError("a repository is not an object")
        for reference, digest in references.items():
            if not isinstance(digest, str):
                raise FormatError(f"the image of {as_json(reference[:80])} is not a digest")
            if is_digest(digest):
                entries[reference] = digest
    return entries

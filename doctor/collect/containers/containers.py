"""Reads containers from their files in the data root."""

from typing import Any

from doctor.collect.containers.settings_json import container_of, host_config_of
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import BrokenFile, Container, Containers
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.secrets.redact import as_json
from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.json_safe import load_first
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_LIMIT_BYTES = 16 << 20
_DIRECTORIES = frozenset({"mounts", "checkpoints", "secrets"})


@collector
def containers(host: Host, root: DataRoot) -> Containers:
    """Return all containers; an empty value if the root has none."""
    top = root.at(docker.CONTAINERS)
    if not root.has(docker.CONTAINERS):
        return Containers()
    items: list[Container] = []
    broken: list[BrokenFile] = []
    gaps: list[Missing] = []
    names = dict(host.scandir(top, follow=False))
    directories = sorted(name for name, kind in names.items() if kind == "d" and is_hex64(name))
    gaps.extend(
        Missing.undecodable(join(top, name), "not a directory, but named like a container")
        for name in sorted(set(names) - set(directories))
        if is_hex64(name)
    )
    for name in directories:
        read = _Read(host, join(top, name), name, broken, gaps)
        config = read.json(docker.CONTAINER_CONFIG)
        if config is None:
            read.json(docker.HOST_CONFIG)
            continue
        if config.get("ID") != name:
            read.wrong(
                docker.CONTAINER_CONFIG, f"its id is that of another container: {as_json(str(config.get('ID'))[:64])}"
            )
            continue
        raw = read.json(docker.HOST_CONFIG)
        found = None if raw is None else host_config_of(raw)
        items.append(container_of(config, read.directory, host=found, directories=read.odd_directories()))
    return Containers(
        items=tuple(items),
        broken=tuple(broken),
        directories=tuple(directories),
        strays=tuple(sorted(set(names) - set(directories))),
        gaps=tuple(gaps),
    )


class _Read:
    """Reads the JSON files of a container's directory; a corrupt one is recorded, never raised."""

    def __init__(
        self, host: Host, directory: HostPath, identity: str, broken: list[BrokenFile], gaps: list[Missing]
    ) -> None:
        self.host = host
        self.directory = directory
        self.identity = identity
        self.broken = broken
        self.gaps = gaps
        self.entries = self._entries()

    def _entries(self) -> dict[str, str]:
        try:
            return dict(self.host.scandir(self.directory, follow=False))
        except HostError as error:
            self.gaps.append(error.missing)
            return {}

    def odd_directories(self) -> tuple[str, ...]:
        """Return the names of directories that the engine does not create."""
        return tuple(sorted(name for name, kind in self.entries.items() if kind == "d" and name not in _DIRECTORIES))

    def json(self, file: str) -> dict[str, Any] | None:
        """Return the object in a file as dockerd reads it: the first JSON value, whatever follows."""
        path = join(self.directory, file)
        try:
            data = self.host.read(path, follow=False, limit_bytes=_LIMIT_BYTES)
        except HostError as error:
            if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
                self.gaps.append(error.missing)
            else:
                self._note(file, error.missing.reason.removeprefix(f"{path}: "), is_missing=error.is_absent)
            return None
        try:
            value = load_first(data).value
        except FormatError as error:
            self._note(file, str(error))
            return None
        if not isinstance(value, dict):
            self._note(file, "not a JSON object")
            return None
        return value

    def wrong(self, file: str, problem: str) -> None:
        """Record a file that is valid JSON with wrong content."""
        self._note(file, problem)

    def _note(self, file: str, problem: str, *, is_missing: bool = False) -> None:
        self.broken.append(
            BrokenFile(
                container_id=self.identity,
                file=file,
                path=join(self.directory, file),
                problem=problem,
                is_missing=is_missing,
                sibling=self._sibling(file),
            )
        )

    def _sibling(self, file: str) -> HostPath | None:
        """Return the newest valid temporary file that dockerd left before it could replace ``file``, if any.

        Their names end in a random number (moby pkg/ioutils, AtomicFileWriter), so only their time shows the order.
        """
        found = [
            join(self.directory, name)
            for name in sorted(self.entries)
            if name.startswith(f"{docker.TEMPORARY_PREFIX}{file}")
        ]
        whole = [path for path in found if self._is_whole(path, file)]
        return max(whole, key=self._changed) if whole else None

    def _changed(self, path: HostPath) -> int:
        try:
            return self.host.lstat(path, follow=False).mtime_ns
        except HostError:
            return 0

    def _is_whole(self, path: HostPath, file: str) -> bool:
        try:
            value = load_first(self.host.read(path, follow=False, limit_bytes=_LIMIT_BYTES)).value
        except (HostError, FormatError):
            return False
        return isinstance(value, dict) and (
            value.get("ID") == self.identity if file == docker.CONTAINER_CONFIG else "LogConfig" in value
        )

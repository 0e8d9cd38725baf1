"""Reads modes and owners of files that give root to anyone who can write them."""

from collections.abc import Iterator

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.guarded_files import GuardedFile, GuardedFiles
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath
from doctor.model.view import Stat

_KINDS = frozenset("fds")
"""Kinds that can hold settings: not a device or a FIFO, such as /dev/null behind a masked unit."""
_SOCKETS = (
    (docker.SOCKET, "the engine's socket", 0o660),
    (containerd.SOCKET, "containerd's socket", 0o660),
)
_FILES = (
    (docker.CONFIG_DIRECTORY, "the engine's settings directory", 0o755),
    *((path, "the engine's options", 0o644) for path in (docker.DEBIAN_OPTIONS, docker.RED_HAT_OPTIONS)),
    (docker.INIT_SCRIPT, "the engine's init script", 0o755),
    (docker.KEY_FILE, "the engine's key", 0o600),
)


@collector
def guarded_files(host: Host, config: EngineConfig) -> GuardedFiles:
    """Return the existing files; for a link the target is judged and named."""
    gaps: list[Missing] = []
    found = []
    for path, what, allowed in (*_SOCKETS, *_FILES, *_named(config)):
        try:
            target, stat = _target(host, HostPath(path))
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
            continue
        if stat.kind not in _KINDS:
            continue
        found.append(
            GuardedFile(
                path=target,
                what=what,
                kind=stat.kind,
                mode=stat.mode,
                allowed=allowed,
                uid=stat.uid,
                gid=stat.gid,
            )
        )
    return GuardedFiles(items=tuple(found), docker_group=_members(host), gaps=tuple(gaps))


def _target(host: Host, path: HostPath) -> tuple[HostPath, Stat]:
    stat = host.lstat(path)
    if stat.kind != "l":
        return path, stat
    path = host.resolve(path)
    return path, host.lstat(path)


def _named(config: EngineConfig) -> Iterator[tuple[str, str, int]]:
    yield config.json.path, "the engine's settings", 0o644
    for path in (config.flags.launcher_file, *config.flags.drop_ins):
        if path and path != docker.INIT_SCRIPT:
            yield path, "the engine's unit", 0o644
    for key, allowed in (("tlskey", 0o600), ("tlscert", 0o644), ("tlscacert", 0o644)):
        value = config.get(key) if config.is_set(key) else None
        if isinstance(value, str) and value.startswith("/"):
            yield value, f"its {key}", allowed


def _members(host: Host) -> tuple[str, ...]:
    try:
        text = host.read(HostPath("/etc/group"), limit_bytes=1 << 22).decode("utf-8", "replace")
    except HostError:
        return ()
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) == 4 and fields[0] == "docker":
            return tuple(name for name in fields[3].split(",") if name)
    return ()

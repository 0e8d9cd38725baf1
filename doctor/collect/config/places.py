"""Examines the files, directories, programs and plugins that settings name: existing ones may be of the wrong kind."""

from collections.abc import Iterator

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.config.values import UnfitPlace
from doctor.formats.json_safe import load_object
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join, parent
from doctor.model.view import Stat

_PROGRAMS = tuple(HostPath(f"{top}{name}") for top in ("/usr/local/", "/usr/", "/") for name in ("sbin", "bin"))
_PLUGIN_LIMIT_BYTES = 1 << 20
_LONGEST_EXEC_ROOT = 107 - len("/libnetwork/0123456789ab.sock")
"""A path of a socket has at most 107 bytes (sun_path, unix(7)); libnetwork's is the shortest one below exec-root."""


def unfit_places(host: Host, config: EngineConfig) -> Iterator[UnfitPlace]:
    """Yield those that can't work. Only what a setting names is examined."""
    for find in (_directories, _pid_file, _hosts, _profile, _runtime, _plugins):
        yield from find(host, config)


def _status(host: Host, path: HostPath) -> Stat | None:
    """Return the status of a path with links followed, ``None`` if it does not exist or can't be examined."""
    try:
        return host.lstat(host.resolve(path))
    except HostError:
        return None


def _is_absent(host: Host, path: HostPath) -> bool:
    """Whether a path certainly does not exist; one in a closed directory may."""
    try:
        host.lstat(path)
    except HostError as error:
        return error.is_absent
    return False


def _is(host: Host, path: str, kind: str) -> bool:
    found = _status(host, HostPath(path.rstrip("/"))) if path.startswith("/") and path.rstrip("/") else None
    return found is not None and found.kind == kind


def _given(config: EngineConfig, key: str) -> str:
    value = config.get(key) if config.is_set(key) else None
    return value if isinstance(value, str) else ""


def _directories(host: Host, config: EngineConfig) -> Iterator[UnfitPlace]:
    for key in ("data-root", "exec-root"):
        path = _given(config, key)
        if _is(host, path, "f"):
            yield UnfitPlace(key=key, why=f"{path} is a file, not a directory")
        elif path and not path.startswith("/") and key == "exec-root":
            yield UnfitPlace(key=key, why=f"{path} is a relative path")
        elif key == "exec-root" and len(path.encode()) > _LONGEST_EXEC_ROOT:
            why = f"a path of {len(path.encode())} bytes is too long: with {_LONGEST_EXEC_ROOT} the engine can still create its sockets"
            yield UnfitPlace(key=key, why=why)


def _pid_file(host: Host, config: EngineConfig) -> Iterator[UnfitPlace]:
    path = _given(config, "pidfile")
    if _is(host, path, "d"):
        yield UnfitPlace(key="pidfile", why=f"{path} is a directory")


def _hosts(host: Host, config: EngineConfig) -> Iterator[UnfitPlace]:
    hosts = config.get("hosts") if config.is_set("hosts") else None
    for text in hosts if isinstance(hosts, list) else ():
        path = str(text).removeprefix("unix://") if str(text).startswith("unix:///") else ""
        # systemd and the engine's own start create the directories of /run.
        top = parent(HostPath(path)) if path else ""
        if top and not top.startswith(("/run", "/var/run")) and _is_absent(host, HostPath(top)):
            yield UnfitPlace(key="hosts", why=f"{top} does not exist, so the socket {path} can't be created")
        elif str(text).startswith("fd:") and host.is_live() and not host.exists(HostPath("/run/systemd/system")):
            yield UnfitPlace(key="hosts", why=f"{text} needs a socket from systemd, which does not run here")


def _profile(host: Host, config: EngineConfig) -> Iterator[UnfitPlace]:
    key, path = "seccomp-profile", _given(config, "seccomp-profile")
    if not path or path in {"unconfined", "builtin"}:
        return
    if not path.startswith("/") and not host.exists(HostPath(f"/{path}")):
        yield UnfitPlace(key=key, why=f'{path} is neither a path, nor "builtin" or "unconfined"')


def _runtime(host: Host, config: EngineConfig) -> Iterator[UnfitPlace]:
    """Judge the default runtime: containerd looks for it when a container starts."""
    name = _given(config, "default-runtime")
    runtimes = config.get("runtimes")
    entry = runtimes.get(name) if isinstance(runtimes, dict) else None
    path = entry.get("path") if isinstance(entry, dict) else ""
    if name.startswith(containerd.PLUGIN_PREFIX) and name.count(".") >= 3:
        kind, version = name.split(".")[-2:]
        path = f"containerd-shim-{kind}-{version}"
    if not isinstance(path, str) or not path or not host.is_live():
        return
    key = "runtimes" if entry is not None else "default-runtime"
    if "/" not in path:
        if not any(host.exists(join(top, path)) for top in _PROGRAMS):
            yield UnfitPlace(
                key=key, why=f"the program {path} of the default runtime {name} is not installed", stops=False
            )
        return
    found = _status(host, HostPath(path)) if path.startswith("/") else None
    if found is not None and not found.mode & 0o111:
        yield UnfitPlace(key=key, why=f"{path} of the default runtime {name} is not executable", stops=False)


def _plugins(host: Host, config: EngineConfig) -> Iterator[UnfitPlace]:
    names = config.get("authorization-plugins") if config.is_set("authorization-plugins") else None
    wanted = [str(name) for name in names if isinstance(name, str)] if isinstance(names, list) else []
    if not wanted:
        return
    known = known_plugins(host, config) | {
        name.removesuffix(".sock") for name, _ in _entries(host, docker.PLUGIN_SOCKETS[0])
    }
    for name in wanted:
        if name not in known and f"{name}:latest" not in known:
            yield UnfitPlace(key="authorization-plugins", why=f"plugin {name} not found")
            return


def known_plugins(host: Host, config: EngineConfig) -> frozenset[str]:
    """Return the names of plugins with a description, and of managed ones."""
    return frozenset({*_described(host), *_managed(host, config)})


def _described(host: Host) -> Iterator[str]:
    for top in docker.PLUGIN_SPECS:
        for name, _ in _entries(host, top):
            yield name.removesuffix(".spec").removesuffix(".json")


def _managed(host: Host, config: EngineConfig) -> Iterator[str]:
    """Yield the names of plugins that ``docker plugin install`` has installed."""
    top = join(config.data_root, docker.PLUGINS)
    for name, kind in _entries(host, top):
        if kind != "d":
            continue
        try:
            value = load_object(
                host.read(join(config.data_root, docker.plugin_config(name)), limit_bytes=_PLUGIN_LIMIT_BYTES)
            )
        except (FormatError, HostError):
            continue
        plugin = value.get("plugin")
        if isinstance(plugin, dict):
            yield str(plugin.get("Name", ""))


def _entries(host: Host, top: HostPath) -> list[tuple[str, str]]:
    try:
        return list(host.scandir(top, follow=False))[:1000]
    except HostError:
        return []

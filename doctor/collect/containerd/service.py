"""Determines the directories of a separate containerd service: from its process, else from the settings of the next start."""

import fnmatch
import posixpath

from msgspec import Struct

from doctor.engines.containerd import places as containerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containerd.service import (
    ContainerdService,
    RunningContainerd,
    is_daemon,
    is_engines,
    option,
)
from doctor.facts.host.processes import Processes
from doctor.formats.config import containerd_toml
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join
from doctor.model.process import Process

_MAX_FILES = 64
"""Limit of settings files that import each other."""


class _PlaceSettings(Struct, kw_only=True):
    """The directories set by a command line and its files, while they are being assembled."""

    root: str = ""
    state: str = ""
    address: str = ""
    origin: str = ""
    config: HostPath = containerd.CONFIG
    problem: str = ""
    where: str = ""
    files: list[HostPath] = []
    gaps: list[Missing] = []

    @property
    def socket(self) -> str:
        return self.address or ("" if self.problem else containerd.SOCKET)


@collector
def containerd_service(host: Host, processes: Processes | Missing, engine: EngineConfig | Missing) -> ContainerdService:
    """Return the service. Unreadable settings leave a gap: then the defaults, or the readable settings, are used."""
    named = None if isinstance(engine, Missing) else engine.get("containerd")
    wanted = named if isinstance(named, str) and named else containerd.SOCKET
    running = [] if isinstance(processes, Missing) else [(one, _of(host, one)) for one in _services(processes)]
    chosen = next((found for _, found in running if _same(found.socket, wanted)), None)
    if chosen is None:
        chosen = _read(host, _unit_words(host))
    top = HostPath(chosen.root or containerd.DEFAULT_ROOT)
    if top == "/":
        gap = Missing(Why.UNREADABLE, f"{chosen.origin}: containerd's root is /, where doctor does not look for images")
        return ContainerdService(origin=chosen.origin, config=chosen.config, gaps=(*chosen.gaps, gap))
    resolved = _resolved(host, top)
    held = [
        RunningContainerd(pid=one.pid, socket=found.socket or wanted)
        for one, found in running
        if found.root == top or _resolved(host, HostPath(found.root)) == resolved
    ]
    return ContainerdService(
        top=top,
        resolved=resolved,
        exists=host.exists(resolved),
        state=HostPath(chosen.state or containerd.DEFAULT_STATE),
        origin=chosen.origin,
        config=chosen.config,
        files=tuple(chosen.files),
        problem=chosen.problem,
        where=chosen.where,
        running=tuple(held),
        gaps=tuple(chosen.gaps),
    )


def _services(processes: Processes) -> tuple[Process, ...]:
    engines = frozenset(process.pid for process in processes.of_host(*docker.PROCESSES))
    found = processes.of_host(containerd.PROCESS)
    return tuple(one for one in found if not is_engines(one, engines) and is_daemon(one.argv[1:]))


def _of(host: Host, process: Process) -> _PlaceSettings:
    """Return the settings of a process; a relative path starts at its working directory."""
    try:
        cwd = host.readlink(HostPath(f"/proc/{process.pid}/cwd"))
    except HostError:
        cwd = ""
    # The files are assumed to be unchanged since its start.
    return _read(host, process.argv[1:], cwd=cwd if cwd.startswith("/") else "/", who=f"process {process.pid}")


def _same(one: str, other: str) -> bool:
    plain = [text.removeprefix("unix://").replace("/var/run/", "/run/", 1) for text in (one, other)]
    return plain[0] == plain[1]


def _read(host: Host, words: tuple[str, ...], *, cwd: str = "/", who: str = containerd.SERVICE) -> _PlaceSettings:
    named = option(words, "config", "c")
    found = _PlaceSettings(config=_absolute(named, cwd) if named else containerd.CONFIG)
    _read_files(host, found, is_named=bool(named))
    for name, value in (("root", option(words, "root")), ("state", option(words, "state"))):
        if value:
            setattr(found, name, value)
            found.origin = f"{who}: --root" if name == "root" else found.origin
    found.address = option(words, "address", "a") or found.address
    if option(words, "root"):
        # A flag overrides the files.
        found.gaps = []
    found.root = _absolute(found.root, cwd) if found.root else containerd.DEFAULT_ROOT
    found.state = _absolute(found.state, cwd) if found.state else containerd.DEFAULT_STATE
    return found


def _absolute(path: str, cwd: str) -> HostPath:
    """Return the absolute path, like Go's ``filepath.Abs``."""
    return HostPath("/" + posixpath.normpath(posixpath.join(cwd, path)).lstrip("/"))


def _read_files(host: Host, found: _PlaceSettings, *, is_named: bool) -> None:
    """Read a settings file and its imports, each once: later files override earlier ones."""
    pending, seen = [found.config], set[str]()
    while pending and len(seen) < _MAX_FILES:
        path = pending.pop(0)
        if path in seen:
            continue
        seen.add(path)
        found.files.append(path)
        places = _file(host, path, found, must_exist=is_named or len(seen) > 1)
        if places.root:
            found.root = places.root
            found.origin = f"{path}:{places.root_line}" if places.root_line else path
        found.state = places.state or found.state
        found.address = places.address or found.address
        if places.imports:
            pending += _imports(host, path, places.imports, found)
    if pending:
        found.gaps.append(Missing(Why.UNREADABLE, f"{found.config}: imports more than {_MAX_FILES} files"))


def _file(host: Host, path: HostPath, found: _PlaceSettings, *, must_exist: bool) -> containerd_toml.ContainerdPlaces:
    data = b""
    try:
        data = host.read(path, limit_bytes=containerd_toml.MAX_BYTES)
        return containerd_toml.read(data)
    except HostError as error:
        if not error.is_absent:
            found.gaps.append(error.missing)
        elif must_exist:
            _refuse(found, path, "no such file")
        return containerd_toml.ContainerdPlaces()
    except FormatError as error:
        line = error.where.removeprefix("line ")
        _refuse(found, f"{path}:{line}" if line.isdigit() else path, error.what)
        found.gaps.append(Missing(Why.UNDECODABLE, f"{found.where}: {error.what}", path))
    return containerd_toml.before_error(data)


def _refuse(found: _PlaceSettings, where: str, problem: str) -> None:
    if not found.problem:
        found.where, found.problem = where, problem


def _imports(host: Host, path: HostPath, names: tuple[str, ...], found: _PlaceSettings) -> list[HostPath]:
    """Return the imported files; only an entry with a star is a pattern (server/config, resolveImports)."""
    paths: list[HostPath] = []
    for name in names[:_MAX_FILES]:
        whole = _absolute(name, posixpath.dirname(path))
        paths += _glob(host, whole, found) if "*" in whole else [whole]
    return paths


def _glob(host: Host, pattern: HostPath, found: _PlaceSettings) -> list[HostPath]:
    tops = [HostPath("/")]
    for part in pattern.strip("/").split("/"):
        if "*" not in part and "?" not in part and "[" not in part:
            tops = [join(top, part) for top in tops]
            continue
        matches: list[HostPath] = []
        for top in tops:
            try:
                names = sorted(host.listdir(top))
            except HostError as error:
                if not error.is_absent:
                    found.gaps.append(error.missing)
                continue
            matches += [join(top, name) for name in names if fnmatch.fnmatchcase(name, part)]
        tops = matches[: _MAX_FILES + 1]
    return [path for path in tops if host.exists(path)]


def _unit_words(host: Host) -> tuple[str, ...]:
    """Return its command line in the unit, () if there is no such unit."""
    from doctor.collect.config import unit as engine_unit  # noqa: PLC0415 - not needed if containerd runs

    launch = engine_unit.EngineLaunch()
    engine_unit.read(host, launch, containerd.SERVICE)
    return tuple(word for word, _ in launch.words)


def _resolved(host: Host, path: HostPath) -> HostPath:
    try:
        return host.resolve(path)
    except HostError:
        return path

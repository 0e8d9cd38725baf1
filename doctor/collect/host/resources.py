"""Reads space, memory and task counts."""

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containerd.service import ContainerdService
from doctor.facts.host.resources import FileSystem, FileSystems, Memory, Tasks
from doctor.formats.text import decode, is_number
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath


@collector
def file_systems(host: Host, engine: EngineConfig | Missing, service: ContainerdService) -> FileSystems:
    """Return the relevant file systems; those with the same numbers are one."""
    root = engine.data_root if isinstance(engine, EngineConfig) else docker.DEFAULT_ROOT
    places = [("data root", root), ("containerd", service.top)]
    own_tmp = engine.flags.environment.get("DOCKER_TMPDIR", "") if isinstance(engine, EngineConfig) else ""
    if own_tmp.startswith("/"):
        places.append(("DOCKER_TMPDIR", HostPath(own_tmp)))
    places += [(path, HostPath(path)) for path in ("/", "/var/log", "/tmp", "/run")]  # noqa: S108 - only read
    gaps = list(service.gaps)
    found: dict[tuple[int, int, int], FileSystem] = {}
    for use, path in places:
        try:
            numbers = host.statfs(host.resolve(path))
        except HostError as error:
            if not error.is_absent:
                gaps.append(error.missing)
            continue
        if not numbers.size_bytes:
            continue
        # A bind mount or an overlay has the numbers of its file system under another device: the numbers are the key.
        key = (numbers.size_bytes, numbers.free_bytes, numbers.files_free)
        known = found.get(key)
        found[key] = FileSystem(
            uses=(use,) if known is None else (*known.uses, use),
            path=path if known is None else known.path,
            magic=numbers.magic,
            size_bytes=numbers.size_bytes,
            used_bytes=numbers.size_bytes - numbers.free_bytes,
            available_bytes=numbers.available_bytes,
            files=numbers.files,
            files_free=numbers.files_free,
            read_only=numbers.read_only,
        )
    return FileSystems(items=tuple(found.values()), gaps=tuple(gaps))


@collector
def memory(host: Host) -> Memory:
    """Return the memory of the running host."""
    values: dict[str, int] = {}
    for line in decode(host.read(HostPath("/proc/meminfo"))).splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and is_number(words[0]):
            values[name] = int(words[0]) * 1024
    if "MemTotal" not in values or "MemAvailable" not in values:
        raise HostError(Missing(Why.UNREADABLE, "/proc/meminfo: no MemTotal and MemAvailable"))
    return Memory(
        total_bytes=values["MemTotal"],
        available_bytes=values["MemAvailable"],
        swap_total_bytes=values.get("SwapTotal", 0),
        swap_free_bytes=values.get("SwapFree", 0),
    )


@collector
def tasks(host: Host) -> Tasks:
    """Return the number of tasks: the part after the slash in the fourth field."""
    fields = decode(host.read(HostPath("/proc/loadavg"))).split()
    try:
        return Tasks(count=int(fields[3].partition("/")[2]))
    except (IndexError, ValueError) as error:
        raise HostError(Missing(Why.UNREADABLE, "/proc/loadavg: unknown format")) from error

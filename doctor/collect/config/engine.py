"""Reads the engine's configuration."""

import re
from collections.abc import Iterator
from typing import Any

from doctor.collect.config import launch as engine_launch
from doctor.collect.engine.state import dockerd
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import DaemonJson, EffectiveSetting, EngineConfig, EngineFlags, GivenFlag
from doctor.facts.config.flag_values import from_flags
from doctor.facts.config.keys import fits
from doctor.facts.config.options import IN_PROXIES, KEPT_OBJECTS, OPTIONS
from doctor.facts.config.spelling import nearest
from doctor.facts.host.processes import Processes
from doctor.facts.secrets.redact import conceal
from doctor.formats.config import daemon_json as format_json
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join, parent


@collector
def engine_flags(host: Host, processes: Processes | Missing) -> EngineFlags:
    """Return the command line of the next start and of the running engine."""
    process = None if isinstance(processes, Missing) else dockerd(host, processes)
    return engine_launch.read(host, process)


@collector
def daemon_json(host: Host, flags: EngineFlags) -> DaemonJson:
    """Return the settings file; one that dockerd refuses is a value, one that can't be read is a missing fact."""
    named = [flag.value for flag in flags.effective if flag.name == "config-file"]
    path = HostPath(named[-1] if named and named[-1].startswith("/") else docker.DAEMON_JSON)
    try:
        content = host.read(path, limit_bytes=format_json.MAX_BYTES)
        mtime_ns = host.lstat(host.resolve(path)).mtime_ns
    except HostError as error:
        if error.is_absent:
            near = tuple(_nearby(host, path)) if named else ()
            return DaemonJson(path=path, is_explicit=bool(named), leads_to=_leads_to(host, path), nearby=near)
        if not _is_directory(host, path):
            raise
        problem = "a directory, not a file"
        return DaemonJson(path=path, exists=True, is_explicit=bool(named), problem=problem, is_directory=True)
    try:
        read = format_json.read(content)
    except FormatError as error:
        from doctor.formats.config import json_mend  # noqa: PLC0415 - only a broken file is examined

        mending = json_mend.examine(content)
        return DaemonJson(
            path=path,
            exists=True,
            is_explicit=bool(named),
            content=content,
            problem=error.what,
            where=error.where,
            mistakes=tuple(dict.fromkeys(mistake.kind for mistake in mending.mistakes)),
            mistake_places=tuple(where.partition(",")[0] for where in mending.places),
            is_repairable=mending.repaired is not None,
            mtime_ns=mtime_ns,
        )
    return DaemonJson(
        path=path,
        exists=True,
        is_explicit=bool(named),
        content=content,
        value={key: conceal(key, value) for key, value in read.value.items()},
        duplicates=tuple(found.key for found in read.duplicates),
        mtime_ns=mtime_ns,
    )


def _nearby(host: Host, path: HostPath) -> Iterator[HostPath]:
    folder = parent(path)
    try:
        names = host.listdir(folder)
    except HostError:
        names = []
    yield from (join(folder, name) for name in nearest(path.rpartition("/")[2], names))
    if host.exists(docker.DAEMON_JSON):
        yield docker.DAEMON_JSON


def _leads_to(host: Host, path: HostPath) -> str:
    try:
        return host.readlink(path) if host.lstat(path).kind == "l" else ""
    except HostError:
        return ""


def _is_directory(host: Host, path: HostPath) -> bool:
    """Whether the path is a directory: ``docker run -v`` creates one if the source file does not exist."""
    try:
        return host.lstat(host.resolve(path)).kind == "d"
    except HostError:
        return False


@collector
def engine_config(flags: EngineFlags, file: DaemonJson | Missing) -> EngineConfig:
    """Return the merged settings. A file that can't be read leaves a gap."""
    gaps = flags.gaps
    if isinstance(file, Missing):
        gaps = (*gaps, file)
        file = DaemonJson(path=docker.DAEMON_JSON)
    settings: dict[str, EffectiveSetting] = {}
    driver = flags.environment.get("DOCKER_DRIVER")
    if driver:
        settings["storage-driver"] = EffectiveSetting(value=driver, origin="environment")
    lines = _lines(file.content)
    for key, value in flattened(file.value).items():
        if value is None or not fits(key, value):
            # null leaves the default; with a wrong type dockerd does not start, which is another finding.
            continue
        settings[key] = EffectiveSetting(value=value, origin="file", file=file.path, line=lines.get(key, 0))
    by_key: dict[str, list[GivenFlag]] = {}
    for flag in flags.effective:
        by_key.setdefault(flag.key, []).append(flag)
    for key, given in by_key.items():
        place = given[-1].place
        value = from_flags(key, tuple(flag.value for flag in given))
        if not fits(key, value):
            continue
        settings[key] = EffectiveSetting(
            value=value,
            origin="flag",
            file="" if place is None else place.file,
            line=0 if place is None else place.line,
        )
    return EngineConfig(settings=settings, flags=flags, json=file, gaps=gaps)


def flattened(value: dict[str, Any]) -> dict[str, Any]:
    """Return the top-level settings that dockerd reads.

    dockerd checks the children of an unknown object as if they were top-level keys; of these only booleans are applied
    (config.go, getConflictFreeConfiguration: the flag set is set from the flattened keys).
    """
    found: dict[str, Any] = {}
    for key, item in value.items():
        if key == "proxies" and isinstance(item, dict):
            found.update(item)
        elif isinstance(item, dict) and key not in KEPT_OBJECTS:
            known = {name: child for name, child in item.items() if isinstance(child, bool) and name in OPTIONS}
            found.update(known)
        elif key not in IN_PROXIES:
            found[key] = item
    return found


def _lines(content: bytes) -> dict[str, int]:
    """Return the last line with each key of a settings file, by text search: sufficient for evidence."""
    found: dict[str, int] = {}
    for number, line in enumerate(content.split(b"\n"), 1):
        for key in re.findall(rb'"([a-z0-9-]+)"\s*:', line):
            found[key.decode()] = number
    return found

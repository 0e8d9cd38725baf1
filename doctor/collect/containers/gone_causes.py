"""Whether the cause of a container's failed start is certainly gone, so that a start succeeds now."""

import os
import re

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container
from doctor.facts.engine.programs import EnginePrograms
from doctor.facts.engine.state import EngineInfo
from doctor.formats.host import program
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath, join

_SOURCE = r"bind source path does not exist: (/.+?)$"
_DEVICE = r'error gathering device information while adding custom device "(/[^"]+)": no such file or directory'
_LEFTOVER = r"container with (?:given ID already exists|id exists)"
_PLUGIN = r'error looking up volume plugin (\S+): plugin "\S+" not found'
_FULL = r"no space left on device"
_RUNTIME = r"(?:fork/exec|exec:) \S*(?:runc|containerd-shim-runc-v2)\b.*(?:exec format error|no such file or directory|permission denied|not found)"
_ENOUGH_BYTES = 1 << 30


def gone(host: Host, one: Container, info: EngineInfo | Missing, programs: EnginePrograms | Missing) -> str:
    """Return why the start succeeds now, "" if that is not certain."""
    error = one.state.error.replace("\n", " ").strip()
    named = re.search(_SOURCE, error) or re.search(_DEVICE, error)
    if named is not None:
        return f"{named[1]} exists now" if _exists(host, named[1]) else ""
    if re.search(_LEFTOVER, error):
        left = any(_exists(host, join(top, docker.RUNC_STATE, one.id)) for top in docker.EXEC_ROOTS)
        return "" if left else "the runtime's stale state is gone"
    if plugin := re.search(_PLUGIN, error):
        there = isinstance(info, EngineInfo) and plugin[1] in info.volume_drivers
        return f"volume plugin {plugin[1]} is there now" if there else ""
    if re.search(_RUNTIME, error):
        return "runc and its shim can be executed now" if _runs(host, programs) else ""
    if re.search(_FULL, error):
        return "the data root has space again" if _has_space(host, one) else ""
    return ""


def _exists(host: Host, path: str) -> bool:
    try:
        host.lstat(host.resolve(HostPath(path)))
    except HostError:
        return False
    return True


def _has_space(host: Host, one: Container) -> bool:
    try:
        found = host.statfs(one.directory)
    except HostError:
        return False
    return found.available_bytes > _ENOUGH_BYTES and (not found.files or found.files_free > 10_000)


def _runs(host: Host, programs: EnginePrograms | Missing) -> bool:
    """Whether runc and the shim are programs for this machine."""
    if isinstance(programs, Missing):
        return False
    paths = (programs.dockerd, programs.found.get(docker.RUNC, ""), programs.found.get("containerd-shim-runc-v2", ""))
    heads = [_head(host, path) for path in paths]
    return all(head.kind == "elf" and program.runs_on(head.machine, heads[0].machine) for head in heads)


def _head(host: Host, path: str) -> program.ProgramHead:
    try:
        descriptor = host.open_fd(host.resolve(HostPath(path)))
    except HostError:
        return program.ProgramHead(kind="other")
    try:
        return program.parse(os.pread(descriptor, program.HEAD, 0))
    finally:
        os.close(descriptor)

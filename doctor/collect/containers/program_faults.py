"""Finds out why the kernel or runc refused to execute a program."""

import os
import re

from doctor.collect.containers.container_files import ContainerFiles
from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Container
from doctor.facts.containers.programs import ProgramFault
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.secrets.log_text import shown_line
from doctor.formats.host import program
from doctor.formats.json_safe import load_first
from doctor.formats.json_values import mapping, text, texts
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, join

_NAMED = r"""exec:? (?:user process caused:? )?"?(/[^\s":]+)"?"""
_SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""PATH of a container whose image sets none (moby oci/defaults.go)."""
_BINFMT = HostPath("/proc/sys/fs/binfmt_misc")


def machine_of(host: Host) -> str:
    """Return the host's architecture by the engine's own program, "" if it can't be read."""
    for path in docker.PROGRAMS:
        try:
            descriptor = host.open_fd(host.resolve(path))
        except HostError:
            continue
        try:
            return program.parse(os.pread(descriptor, program.HEAD, 0)).machine
        finally:
            os.close(descriptor)
    return ""


def fault_of(host: Host, root: DataRoot, one: Container, error: str, machine: str) -> ProgramFault | None:
    """Return the fault, ``None`` if the file looks right or can't be examined."""
    try:
        config = mapping(load_first(host.read(one.config_path, follow=False, limit_bytes=16 << 20)).value)
        files = ContainerFiles(host, root, one)
        named = re.search(_NAMED, error)
        name = named[1] if named is not None else text(config.get("Path"))
        if not name or name.endswith(f"/{docker.INIT}"):
            return None
        for path in _candidates(name, mapping(config.get("Config"))):
            if files.find(path) is not None:
                return _judge(host, files, path, machine, shown_line(error))
    except (HostError, FormatError):
        return None
    return ProgramFault(kind="missing", program=name[:256], error=shown_line(error))


def _candidates(name: str, asked: dict[str, object]) -> list[str]:
    """Return the paths at which runc looks for a program: below PATH without a slash, else from the working directory."""
    if "/" in name:
        return [join(HostPath(text(asked.get("WorkingDir")) or "/"), name) if name[0] != "/" else name]
    found = [one.removeprefix("PATH=") for one in texts(asked.get("Env")) if one.startswith("PATH=")]
    return [f"{directory}/{name}" for directory in (found or [_SEARCH])[-1].split(":") if directory.startswith("/")]


def _judge(host: Host, files: ContainerFiles, path: str, machine: str, error: str) -> ProgramFault | None:
    found = files.find(path)
    if found is None:
        return None
    place, stat = found

    def fault(kind: str, needs: str = "", handler: str = "") -> ProgramFault:
        return ProgramFault(kind=kind, program=path, place=place, needs=needs, error=error, handler=handler)

    if stat.kind == "d":
        return fault("directory")
    if stat.kind != "f":
        return None
    if not stat.mode & 0o111:
        return fault("not-executable")
    head = files.head(place)
    about = program.parse(head)
    if about.kind == "elf" and machine and not program.runs_on(about.machine, machine):
        works, name = _handler(host, head)
        return None if works else fault("architecture", about.machine, name)
    if about.kind in {"empty", "other"}:
        return fault("empty" if about.kind == "empty" else "no-first-line")
    if about.has_mark:
        return fault("byte-order-mark")
    if about.interpreter.endswith("\r"):
        return fault("line-ends", about.interpreter.rstrip("\r"))
    if about.interpreter.startswith("/") and files.find(about.interpreter) is None:
        return fault("no-interpreter", about.interpreter)
    return None


def _handler(host: Host, head: bytes) -> tuple[bool, str]:
    """Return whether a binfmt_misc entry runs such a file in containers, and the name of one that fits but does not."""
    fits = ""
    try:
        names = [name for name, _ in host.scandir(_BINFMT) if name not in {"register", "status"}]
        for name in sorted(names)[:200]:
            entry = host.read(join(_BINFMT, name), limit_bytes=1 << 16).decode("utf-8", "replace")
            if _matches(entry, head):
                # Without F the kernel opens the interpreter in the container, which does not have it.
                if entry.startswith("enabled") and re.search(r"(?m)^flags: \S*F", entry):
                    return True, ""
                fits = name
    except HostError:
        return False, fits
    return False, fits


def _matches(entry: str, head: bytes) -> bool:
    values = dict(line.partition(" ")[::2] for line in entry.splitlines())
    try:
        magic, start = bytes.fromhex(values.get("magic", "")), int(values.get("offset", "0"))
        mask = bytes.fromhex(values["mask"]) if "mask" in values else b"\xff" * len(magic)
    except ValueError:
        return False
    part = head[start : start + len(magic)]
    return (
        bool(magic)
        and len(part) == len(magic) == len(mask)
        and all(a & m == b & m for a, b, m in zip(part, magic, mask, strict=True))
    )

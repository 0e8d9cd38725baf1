"""Judges whether the kernel can execute a file: its header, its extent, its interpreter and its libraries.

A sound program costs some reads of a few hundred bytes. Only certain problems are reported.
"""

import os

from doctor.formats.host import elf
from doctor.formats.host.elf import ElfHeader, Segment, Span
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, parent
from doctor.model.text import visible

_FIRST_BYTES, _NAME_BYTES, _MOST_BYTES = 256, 256, 1 << 20
_REFERENCES = (HostPath("/bin/sh"), HostPath("/usr/bin/env"))
"""Programs of the distribution, whose machine is this host's."""
_LIBRARIES = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib", "/usr/local/lib64")
_TRIPLES = {
    "x86-64": "x86_64-linux-gnu",
    "aarch64": "aarch64-linux-gnu",
    "arm": "arm-linux-gnueabihf",
    "i386": "i386-linux-gnu",
}
_CACHE = HostPath("/etc/ld.so.cache")
LIBRARY = "its library "
"""Start of the problem of a program without one of its libraries; the name of the library follows."""
_SNAPS = "/snap/"
"""Programs of snaps use the libraries of another root."""


def problem_of_content(host: Host, path: HostPath) -> str:
    """Return why the kernel can't execute an executable file, "" if it can or if that is unknown."""
    try:
        descriptor = host.open_fd(path, follow=True)
    except HostError:
        return ""
    try:
        return _problem(host, descriptor, is_own=not path.startswith(_SNAPS))
    except (OSError, elf.ElfError):
        return ""
    finally:
        os.close(descriptor)


def _problem(host: Host, descriptor: int, *, is_own: bool) -> str:
    first = os.pread(descriptor, _FIRST_BYTES, 0)
    if first.startswith(b"#!"):
        words = first[2:].split(b"\n", 1)[0].split()
        return _no_interpreter(host, words[0]) if words else "not a program: no interpreter after '#!'"
    if not first.startswith(elf.MAGIC):
        return "not a program: neither an ELF header nor '#!'"
    size = os.fstat(descriptor).st_size
    if size < elf.HEADER_BYTES:
        return f"truncated: it has {size} bytes"
    found = elf.header(first)
    machine = _machine(host)
    if machine and not elf.runs_on(found.machine, machine):
        return f"a program for {found.machine}, but this host is {machine}"
    if size < found.extent:
        return f"truncated: it has {size} of {found.extent} bytes"
    table = elf.segments(found, _read(descriptor, found.segments))
    end = max((one.span.offset + one.span.size for one in table), default=0)
    if size < end:
        return f"truncated: it has {size} of {end} bytes"
    return _linked(host, descriptor, found, table) if is_own else ""


def _linked(host: Host, descriptor: int, found: ElfHeader, table: tuple[Segment, ...]) -> str:
    """Return what a dynamically linked program lacks."""
    name, listed = elf.interpreter(table), elf.dynamic(table)
    if name is None or listed is None:
        return ""
    if problem := _no_interpreter(host, _read(descriptor, name).rstrip(b"\0")):
        return problem
    needs = elf.needs(found, table, _read(descriptor, listed))
    if needs.has_path or needs.strings < 0:
        return ""
    for offset in needs.names:
        text = os.pread(descriptor, _NAME_BYTES, needs.strings + offset).split(b"\0", 1)[0]
        library = text.decode("ascii", "replace")
        if library and "/" not in library and not _has_library(host, library, found.machine):
            return f"{LIBRARY}{visible(library)} is missing"
    return ""


def _no_interpreter(host: Host, name: bytes) -> str:
    """Return that an interpreter is missing; a root without its directory is a part of one."""
    path = HostPath(name.decode("utf-8", "surrogateescape"))
    if not path.startswith("/") or host.exists(path) or not host.exists(parent(path)):
        return ""
    return f"its interpreter {visible(path)} is missing"


def _has_library(host: Host, library: str, machine: str) -> bool:
    """Whether the dynamic linker finds a library; its cache may know it in other directories."""
    triple = _TRIPLES.get(machine, "")
    places = [f"{top}/{triple}" for top in ("/lib", "/usr/lib", "/usr/local/lib") if triple]
    if any(host.exists(HostPath(f"{place}/{library}")) for place in (*places, *_LIBRARIES)):
        return True
    try:
        cache = host.read(_CACHE, limit_bytes=16 << 20)
    except HostError:
        return True  # without a cache, the linker's directories are unknown
    end = f"/{library}".encode() + b"\0"
    known = {text.rpartition(b"\0")[2] + end[:-1] for text in cache.split(end)[:-1]}
    return any(host.exists(HostPath(path.decode("utf-8", "surrogateescape"))) for path in known)


def _machine(host: Host) -> str:
    """Return the machine of this host's own programs, "" if unknown."""
    for path in _REFERENCES:
        try:
            descriptor = host.open_fd(path, follow=True)
        except HostError:
            continue
        try:
            return elf.header(os.pread(descriptor, elf.HEADER_BYTES, 0)).machine
        except (OSError, elf.ElfError):
            continue
        finally:
            os.close(descriptor)
    return ""


def _read(descriptor: int, span: Span) -> bytes:
    return os.pread(descriptor, min(span.size, _MOST_BYTES), span.offset)

"""The header of a program, of real programs of this machine and of damaged ones."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.collect.engine.program_files import problem_of_content
from doctor.formats.config import seccomp_profile
from doctor.formats.host import elf
from doctor.host.recorded import RootHost
from doctor.model.paths import HostPath
from doctor.runtime.rungs.elf import program

_CALLS = ("runc", "docker", "sh", "python3", "busybox")


def judged(top: Path, content: bytes, *, machine: str = "x86_64") -> str:
    """Return the problem of a program on a root whose shell is of a machine."""
    (top / "bin").mkdir()
    (top / "bin/sh").write_bytes(program("x", machine) or b"")
    (top / "runc").write_bytes(content)
    (top / "runc").chmod(0o755)
    return problem_of_content(RootHost(str(top)), HostPath("/runc"))


def test_programs_of_this_machine_are_sound() -> None:
    """Static and dynamic ones, and scripts: none has a problem."""
    host = RootHost("/")
    places = [found for name in _CALLS if (found := shutil.which(name))]
    assert {place: problem_of_content(host, HostPath(place)) for place in places} == dict.fromkeys(places, "")
    assert len(places) >= 2


def test_a_program_of_another_machine(tmp_path: Path) -> None:
    """Judged by the shell of the same root, not by the machine that doctor runs on."""
    foreign = program("x", "aarch64") or b""
    assert judged(tmp_path, foreign) == "a program for aarch64, but this host is x86-64"


def test_a_program_of_the_same_machine(tmp_path: Path) -> None:
    """The same file on its own machine."""
    assert judged(tmp_path, program("x", "aarch64") or b"", machine="aarch64") == ""


@pytest.mark.parametrize("left", [5, 63, 80, 119, 150])
def test_a_truncated_program(tmp_path: Path, left: int) -> None:
    """Within the header, within its tables, within a segment."""
    whole = program("x" * 64, "x86_64") or b""
    assert judged(tmp_path, whole[:left]).startswith("truncated: it has")


@pytest.mark.parametrize("content", [b"404: Not Found\n", b"\0" * 500, b"#!\n"])
def test_no_program_at_all(tmp_path: Path, content: bytes) -> None:
    """The kernel answers ENOEXEC."""
    assert judged(tmp_path, content).startswith("not a program")


def test_an_interpreter_that_is_gone(tmp_path: Path) -> None:
    """Only if its directory is there: a part of a root has no interpreters."""
    assert judged(tmp_path, b"#!/bin/none\n") == "its interpreter /bin/none is missing"


def test_a_library_that_is_gone(tmp_path: Path) -> None:
    """A real dynamic program on a root with its interpreter, and without one of its libraries."""
    shell = Path("/bin/sh").resolve().read_bytes()
    table = elf.segments(elf.header(shell), shell[64:])
    found = elf.interpreter(table)
    if found is None:
        pytest.skip("this machine's shell is static")
    loader = shell[found.offset : found.offset + found.size].rstrip(b"\0").decode()
    place = tmp_path / loader.lstrip("/")
    place.parent.mkdir(parents=True)
    place.touch()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/ld.so.cache").touch()
    (tmp_path / "bin").mkdir(exist_ok=True)
    (tmp_path / "bin/sh").write_bytes(shell)
    host = RootHost(str(tmp_path))
    assert problem_of_content(host, HostPath("/bin/sh")) == "its library libc.so.6 is missing"
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/libc.so.6").touch()
    assert problem_of_content(host, HostPath("/bin/sh")) == ""


@given(st.binary(max_size=400))
def test_hostile_bytes_are_refused(tail: bytes) -> None:
    """Nothing but ``ElfError``."""
    content = elf.MAGIC + b"\x02\x01\x01" + tail
    try:
        found = elf.header(content)
        elf.needs(found, elf.segments(found, content[64:]), tail)
    except elf.ElfError:
        return


@given(st.binary(max_size=200))
def test_hostile_profiles_are_refused(content: bytes) -> None:
    """Nothing but ``ProfileError``."""
    try:
        seccomp_profile.parse(content)
    except seccomp_profile.ProfileError:
        return


def test_a_profile_for_other_capabilities_and_machines() -> None:
    """Rules that need a capability which containers lack, or another machine, are left out."""
    profile = seccomp_profile.parse(
        b"""{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
        "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
        "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"},
                     {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
                     {"names": ["chroot"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_CHROOT"]}},
                     {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["s390x"]}}]}"""
    )
    found = seccomp_profile.to_oci(profile, machine="x86_64", capabilities=frozenset({"CAP_SYS_CHROOT"}))
    assert [call["names"] for call in found["syscalls"]] == [["read"], ["chroot"], ["clone"]]
    assert found["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]

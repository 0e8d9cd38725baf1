"""The cached filter of a bundle: used for the same profile alone, and never if anything else has changed."""

import copy
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from doctor.runtime import pack
from doctor.runtime.base import kernel
from doctor.runtime.base.frozen import LaunchError
from doctor.runtime.bundle.part import ConfigPart
from doctor.runtime.seccomp import cache
from doctor.runtime.seccomp import profile as compiler_module

RUNTIME = Path(__file__).parents[3] / "doctor/runtime"
PROFILE: dict[str, Any] = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}],
}


@pytest.fixture
def compilations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A place of its own for the file; each compilation is noted in the list."""
    for name in cache._MADE_BY:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(RUNTIME / name, tmp_path / name)
    (tmp_path / "__pycache__").mkdir()
    monkeypatch.setattr(pack, "_HERE", str(tmp_path))
    real = compiler_module.compiled
    seen: list[object] = []

    def noted(part: ConfigPart) -> tuple[bytes, int]:
        seen.append(part)
        return real(part)

    monkeypatch.setattr(compiler_module, "compiled", noted)
    return seen


def changed(**changes: object) -> dict[str, Any]:
    return copy.deepcopy(PROFILE) | changes


def fresh(profile: dict[str, Any]) -> tuple[bytes, int]:
    return compiler_module.compiled(ConfigPart(copy.deepcopy(profile), "linux.seccomp"))


def test_the_same_profile_is_compiled_once(compilations: list[object]) -> None:
    first = cache.compiled(changed())
    assert cache.compiled(changed()) == first
    assert len(compilations) == 1
    assert first == fresh(PROFILE)


@pytest.mark.parametrize(
    "other",
    [
        changed(defaultAction="SCMP_ACT_KILL"),
        changed(defaultErrnoRet=1),
        changed(defaultErrnoRet=None),
        changed(architectures=["SCMP_ARCH_X86_64"]),
        changed(flags=["SECCOMP_FILTER_FLAG_LOG"]),
        changed(syscalls=[{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]),
        changed(syscalls=[{"names": ["read", "write"], "action": "SCMP_ACT_LOG"}]),
        changed(syscalls=[*PROFILE["syscalls"], {"names": ["kill"], "action": "SCMP_ACT_KILL"}]),
    ],
)
def test_another_profile_never_has_its_filter(compilations: list[object], other: dict[str, Any]) -> None:
    cache.compiled(changed())
    expected = fresh(other)
    before = len(compilations)
    assert cache.compiled(copy.deepcopy(other)) == expected
    assert len(compilations) == before + 1
    assert cache.compiled(changed()) == fresh(PROFILE)


def test_what_is_refused_is_refused_each_time(compilations: list[object]) -> None:
    for _ in range(2):
        with pytest.raises(LaunchError, match=r"linux\.seccomp\.flags"):
            cache.compiled(changed(flags=["NOSUCH"]))
    assert len(compilations) == 2


@pytest.mark.parametrize("name", cache._MADE_BY)
def test_another_compiler_compiles_again(compilations: list[object], tmp_path: Path, name: str) -> None:
    cache.compiled(changed())
    os.utime(tmp_path / name, (0, 0))
    cache.compiled(changed())
    assert len(compilations) == 2


def test_another_machine_compiles_again(compilations: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    cache.compiled(changed())
    other = "aarch64" if kernel.MACHINE == "x86_64" else "x86_64"
    monkeypatch.setattr(kernel, "MACHINE", other)
    cache.compiled(changed())
    assert len(compilations) == 2


def test_no_damage_reaches_a_filter(compilations: list[object], tmp_path: Path) -> None:
    """Each byte of the file flipped, and the file cut short at each length: the filter is the right one."""
    good = cache.compiled(changed())
    [path] = (tmp_path / "__pycache__").iterdir()
    content = path.read_bytes()
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        for damaged in (bytes(flipped), content[:place]):
            path.write_bytes(damaged)
            before = len(compilations)
            assert cache.compiled(changed()) == good
            assert len(compilations) == before + 1


def test_an_unwritable_directory_is_ignored(compilations: list[object], tmp_path: Path) -> None:
    (tmp_path / "__pycache__").rmdir()
    assert cache.compiled(changed()) == cache.compiled(changed()) == fresh(PROFILE)
    assert len(compilations) == 3


def test_without_a_directory_the_filter_is_compiled_each_time(
    compilations: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a zipped wheel and in the one file the runtime's sources are in no directory."""
    expected = cache.compiled(PROFILE)
    (tmp_path / "archive").touch()
    monkeypatch.setattr(pack, "_HERE", str(tmp_path / "archive/doctor/runtime"))
    assert cache.compiled(PROFILE) == cache.compiled(PROFILE) == expected
    assert len(compilations) == 3

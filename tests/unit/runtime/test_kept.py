"""Filters that were compiled before: taken for the very same profile alone, and never where anything else changed."""

import copy
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from doctor.runtime import filters, kept, kernel
from doctor.runtime.part import Part
from doctor.runtime.values import Failure

RUNTIME = Path(kept.__file__).parent
PROFILE: dict[str, Any] = {
    "defaultAction": "SCMP_ACT_ERRNO",
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}],
}


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A place of its own for the files; each compilation is noted in the list."""
    for name in kept._MADE_BY:
        shutil.copy(RUNTIME / name, tmp_path / name)
    (tmp_path / "__pycache__").mkdir()
    monkeypatch.setattr(kept, "_DIRECTORY", str(tmp_path))
    real = filters.compiled
    seen: list[object] = []

    def noted(part: Part) -> tuple[bytes, int]:
        seen.append(part)
        return real(part)

    monkeypatch.setattr(filters, "compiled", noted)
    return seen


def changed(**changes: object) -> dict[str, Any]:
    return copy.deepcopy(PROFILE) | changes


def fresh(profile: dict[str, Any]) -> tuple[bytes, int]:
    return filters.compiled(Part(copy.deepcopy(profile), "linux.seccomp"))


def test_the_same_profile_is_compiled_once(compiler: list[object]) -> None:
    first = kept.compiled(changed())
    assert kept.compiled(changed()) == first
    assert len(compiler) == 1
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
def test_another_profile_never_has_its_filter(
    compiler: list[object], other: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_SLOTS", 1)  # so that all have one place
    kept.compiled(changed())
    expected = fresh(other)
    before = len(compiler)
    assert kept.compiled(copy.deepcopy(other)) == expected
    assert len(compiler) == before + 1
    assert kept.compiled(changed()) == fresh(PROFILE)


def test_what_is_refused_is_refused_each_time(compiler: list[object]) -> None:
    for _ in range(2):
        with pytest.raises(Failure, match=r"linux\.seccomp\.flags"):
            kept.compiled(changed(flags=["NOSUCH"]))
    assert len(compiler) == 2


@pytest.mark.parametrize("name", kept._MADE_BY)
def test_another_compiler_compiles_anew(compiler: list[object], tmp_path: Path, name: str) -> None:
    kept.compiled(changed())
    os.utime(tmp_path / name, (0, 0))
    kept.compiled(changed())
    assert len(compiler) == 2


def test_another_machine_compiles_anew(compiler: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    kept.compiled(changed())
    other = "aarch64" if kernel.MACHINE == "x86_64" else "x86_64"
    monkeypatch.setattr(kernel, "MACHINE", other)
    kept.compiled(changed())
    assert len(compiler) == 2


def test_no_damage_reaches_a_filter(compiler: list[object], tmp_path: Path) -> None:
    """Each byte of the file flipped, and the file cut short at each length: the filter is the right one."""
    good = kept.compiled(changed())
    [path] = (tmp_path / "__pycache__").iterdir()
    content = path.read_bytes()
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        for damaged in (bytes(flipped), content[:place]):
            path.write_bytes(damaged)
            before = len(compiler)
            assert kept.compiled(changed()) == good
            assert len(compiler) == before + 1


def test_a_directory_that_can_not_be_written_is_no_matter(compiler: list[object], tmp_path: Path) -> None:
    (tmp_path / "__pycache__").rmdir()
    assert kept.compiled(changed()) == kept.compiled(changed()) == fresh(PROFILE)
    assert len(compiler) == 3

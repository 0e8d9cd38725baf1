"""The short way to doctor's own modules finds what the import system finds."""

import marshal
import os
import py_compile
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import CodeType

import pytest

import doctor
from doctor.cli import own_modules
from doctor.cli.own_modules import OwnModules, find_own_modules

CHECKOUT = Path(__file__).parents[3]
FOLDERS = {"doctor": "doctor", **{f"doctor.{room}": room for room in ("checks", "fixers", "reports")}}


def modules() -> list[tuple[str, str]]:
    """Name and folder of each module of doctor except packages."""
    return [
        (f"{package}.{'.'.join(path.relative_to(CHECKOUT / folder).with_suffix('').parts)}", str(path.parent))
        for package, folder in FOLDERS.items()
        for path in sorted((CHECKOUT / folder).rglob("*.py"))
        if path.name != "__init__.py"
    ]


def test_each_module_has_the_spec_of_the_import_system() -> None:
    """Name, file, place of the compiled code, package and code."""
    names = modules()
    assert len(names) > 1000
    for place, (name, folder) in enumerate(names):
        ours, usual = OwnModules.find_spec(name, [folder]), PathFinder.find_spec(name, [folder])
        assert ours is not None, name
        assert usual is not None, name
        for field in ("name", "origin", "cached", "parent", "has_location", "submodule_search_locations"):
            assert getattr(ours, field) == getattr(usual, field), (name, field)
        if place % 50 == 0:
            assert ours.loader.get_code(name) == usual.loader.get_code(name), name  # type: ignore[union-attr]


def test_what_is_not_a_source_file_is_left_to_the_import_system(tmp_path: Path) -> None:
    """Packages, other distributions, absent files, and everything that is not a file."""
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "there.py").touch()
    assert OwnModules.find_spec("doctor.there", [str(tmp_path)]) is not None
    for name in ("doctor.fifo", "doctor.folder", "doctor.absent", "other.there", "doctors.there"):
        assert OwnModules.find_spec(name, [str(tmp_path)]) is None, name
    assert OwnModules.find_spec("doctor", None) is None
    assert OwnModules.find_spec("doctor.model", list(doctor.__path__)) is None


def test_a_changed_source_is_compiled_anew(tmp_path: Path) -> None:
    """Compiled code of an earlier version is not used."""
    source = tmp_path / "changing.py"
    for text, stamp in (("value = 1\n", 1_000_000), ("value = 2\n", 2_000_000), ("value = 33\n", 2_000_000)):
        source.write_text(text)
        os.utime(source, (stamp, stamp))
        spec = OwnModules.find_spec("doctor.changing", [str(tmp_path)])
        assert spec is not None
        found: dict[str, object] = {}
        exec(spec.loader.get_code("doctor.changing"), found)  # type: ignore[union-attr]
        assert f"value = {found['value']}\n" == text


def code_of(folder: Path) -> CodeType:
    spec = OwnModules.find_spec("doctor.own", [str(folder)])
    assert spec is not None
    code = spec.loader.get_code("doctor.own")  # type: ignore[union-attr]
    assert isinstance(code, CodeType)
    return code


def test_only_compiled_code_of_this_source_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked by time and size as Python does; with another header, of another path, or too large, Python reads it itself."""
    source = tmp_path / "own.py"
    source.write_text("value = 1\n")
    kept = Path(py_compile.compile(str(source), doraise=True))
    source.with_name("other.py").write_text("value = 2\n")
    data = kept.read_bytes()
    assert own_modules._OwnLoader("doctor.own", str(source), source.stat())._compiled() == code_of(tmp_path)
    moved = marshal.dumps(compile("value = 3\n", "/elsewhere.py", "exec"))
    hashed = data[:4] + b"\1\0\0\0" + bytes(8) + data[16:]
    for other in (
        hashed,
        b"",
        data[:10],
        data[:20],
        b"\0" * 4 + data[4:],
        data[:8] + bytes(4) + data[12:],
        data[:16] + moved,
    ):
        kept.write_bytes(other)
        assert own_modules._OwnLoader("doctor.own", str(source), source.stat())._compiled() is None, other
    kept.write_bytes(data)
    monkeypatch.setattr(own_modules, "_MOST_BYTES", len(data))
    assert own_modules._OwnLoader("doctor.own", str(source), source.stat())._compiled() is None
    kept.unlink()
    assert code_of(tmp_path).co_filename == str(source)


@pytest.mark.not_in_one_file("files")
def test_the_finder_is_added_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second command in one process changes nothing."""
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    find_own_modules()
    find_own_modules()
    assert sys.meta_path.count(OwnModules) == 1  # type: ignore[arg-type]
    assert sys.meta_path[0] is OwnModules  # type: ignore[comparison-overlap]

"""The guard's code cache: used only while source, interpreter and search path are unchanged."""

import importlib
import os
import py_compile
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from doctor.guard import code
from doctor.guard.code import CodeFinder

NAMES = ("kept_sample", "kept_sample.part")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of two modules, with its code cached as a run leaves it."""
    package = tmp_path / "site" / "kept_sample"
    package.mkdir(parents=True)
    (tmp_path / "state").mkdir()
    (package / "__init__.py").write_text('"""A sample."""\n')
    (package / "part.py").write_text("VALUE = 1\n\n\ndef fail():\n    raise ValueError(VALUE)\n")
    for path in package.glob("*.py"):
        py_compile.compile(str(path))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert load(tmp_path).VALUE == 1
    assert kept_now(tmp_path)
    yield tmp_path
    forget()


def forget() -> None:
    """As in a new process: nothing of it is imported or cached."""
    for name in NAMES:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()


def load(place: Path) -> ModuleType:
    """Import it as the guard does, and let the guard cache new code."""
    forget()
    kept = CodeFinder(str(place / "state"))
    kept.use()
    try:
        module = importlib.import_module("kept_sample.part")
        kept.keep()
    finally:
        sys.meta_path.remove(kept)
    return module


def kept_now(place: Path) -> bool:
    """Whether the next run takes the code of both modules from the cache."""
    load(place)
    return all(type(sys.modules[name].__loader__) is code._Loader for name in NAMES)


def test_a_kept_module_is_the_module(place: Path) -> None:
    """Name, file, package, documentation and the lines of a traceback are those of the source."""
    module = load(place)
    assert isinstance(module.__loader__, code._Loader)
    assert module.__file__ == str(place / "site/kept_sample/part.py")
    package = sys.modules["kept_sample"]
    assert package.__path__ == [str(place / "site/kept_sample")]
    assert (package.__doc__, module.__package__, package.__package__) == ("A sample.", "kept_sample", "kept_sample")
    with pytest.raises(ValueError, match="1") as caught:
        module.fail()
    assert str(caught.traceback[-1].statement).strip() == "raise ValueError(VALUE)"


def rewrite(path: Path) -> None:
    """Other code of the same size and time of writing, as an archive that sets times may leave it."""
    before = path.stat()
    path.write_text(path.read_text().replace("VALUE = 1", "VALUE = 2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    # Python itself believes its own .pyc then.
    py_compile.compile(str(path))


def test_a_changed_source_is_loaded_again(place: Path) -> None:
    """It is cached from then on; the other module stays cached."""
    rewrite(place / "site/kept_sample/part.py")
    module = load(place)
    assert (module.VALUE, type(module.__loader__)) == (2, SourceFileLoader)
    assert isinstance(sys.modules["kept_sample"].__loader__, code._Loader)
    assert kept_now(place)
    assert load(place).VALUE == 2


def flip(place: Path) -> None:
    """One bit of the code."""
    path = place / "state/guard.code"
    data = bytearray(path.read_bytes())
    data[len(data) - 40] ^= 4
    path.write_bytes(data)


def write(place: Path, text: bytes) -> None:
    """A truncated file, as a full disk leaves it."""
    (place / "state/guard.code").write_bytes(text)


def make_directory(place: Path) -> None:
    """A directory in place of the file."""
    path = place / "state/guard.code"
    path.unlink()
    path.mkdir()


def make_link(place: Path) -> None:
    """A link to the real file."""
    path = place / "state/guard.code"
    path.symlink_to(path.rename(place / "elsewhere"))


SPOILT: dict[str, Callable[[Path], object]] = {
    "a bit": flip,
    "nothing in it": lambda place: write(place, b""),
    "half of it": lambda place: write(place, (place / "state/guard.code").read_bytes()[:700]),
    "garbage": lambda place: write(place, b"\xff" * 500),
    "others may write it": lambda place: (place / "state/guard.code").chmod(0o622),
    "a directory": make_directory,
    "a link": make_link,
    "gone": lambda place: (place / "state/guard.code").unlink(),
    "a new name where modules are searched": lambda place: (place / "site/json.py").touch(),
    "another place is searched": lambda place: sys.path.append(str(place)),
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_does_not_fit_is_not_taken(place: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules load as usual, and no error is raised."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    SPOILT[name](place)
    forget()
    kept = CodeFinder(str(place / "state"))
    assert kept.find_spec("kept_sample") is None
    assert kept.find_spec("kept_sample.part") is None
    assert load(place).VALUE == 1


def test_another_interpreter_is_another_question(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another interpreter may have another code format."""
    for name, value in (("version", "3.99"), ("path", [*sys.path, "/nowhere"])):
        with monkeypatch.context() as other:
            other.setattr(sys, name, value)
            assert CodeFinder(str(place / "state")).find_spec("kept_sample") is None
    assert CodeFinder(str(place / "state")).find_spec("kept_sample") is not None


def test_code_that_is_not_of_its_source_is_not_kept(place: Path) -> None:
    """An upgrade that has written the source and not yet its code, or code that names no time of its source."""
    source = place / "site/kept_sample/part.py"
    rewrite(source)
    cached = Path(importlib.util.cache_from_source(str(source)))
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert load(place).VALUE == 2
    assert not kept_now(place)
    os.utime(source, (1, 1))
    found = cached.read_bytes()
    source.write_text("VALUE = 1\n" + "#" * 50)
    os.utime(source, (2, 2))
    forget()
    spec = importlib.util.find_spec("kept_sample.part")
    assert spec is not None
    cached.write_bytes(found)
    assert code._take(spec) is None


def test_nothing_is_written_where_all_is_kept(place: Path) -> None:
    """Nor is an incomplete file left behind."""
    path = place / "state/guard.code"
    before = path.stat()
    load(place)
    assert path.stat().st_ino == before.st_ino
    path.unlink()
    path.mkdir()
    load(place)
    assert [entry.name for entry in (place / "state").iterdir()] == ["guard.code"]

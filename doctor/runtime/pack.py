"""Caches the code of a launch's modules in one file, so that each needs no search on disk.

A launch may cost 0.45 of runc's CPU time (the bar of `benchmarks/`). It costs 0.42 with this file and 0.47 without, from
a bundle 0.44 and 0.54. The first launch of each kind writes the file beside the .pyc files, and it is as trusted as they
are. It is used only by the same interpreter, while each source has the same inode, size and times. Otherwise the
modules are imported as usual.
"""

import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

_HERE = __file__.rpartition("/")[0]

_CO_FUTURE_ANNOTATIONS = 0x1000000  # of code.h: annotations are not evaluated, 0.3 ms less
_SELDOM = ("doctor.runtime.seccomp.profile", "doctor.runtime.seccomp.comparisons")  # their result is cached

Look = tuple[int, int, int, int]


def path_of(kind: str) -> str:
    """The file for one kind of launch."""
    return f"{_HERE}/__pycache__/{kind}.{sys.implementation.cache_tag}.pack"


def load(path: str) -> list[str]:
    """Load the modules of a file; returns their names, none if it is missing or does not match the sources."""
    try:
        handle = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
        try:
            version, modules = marshal.loads(posix.read(handle, posix.fstat(handle).st_size))  # noqa: S302
        finally:
            posix.close(handle)
        if version != sys.version or any(look(source) != seen for _, source, seen, _ in modules):
            return []
    except (OSError, ValueError, EOFError, TypeError):
        return []
    for name, source, _, code in modules:
        if name not in sys.modules:
            _run(name, source, code)
    return [name for name, _, _, _ in modules]


def _run(name: str, source: str, code: "CodeType") -> None:
    """Do what an import does after the search."""
    module = sys.modules[name] = type(sys)(name)
    module.__file__ = f"{_HERE}/{source}"
    if source.endswith("__init__.py"):
        module.__path__ = [module.__file__.rpartition("/")[0]]
    exec(code, module.__dict__)  # noqa: S102
    package, _, own = name.rpartition(".")
    setattr(sys.modules[package], own, module)


def save(path: str, loaded: list[str]) -> None:
    """Write the file if this launch used more than it `loaded`."""
    # Dependencies come first: importlib moves a module to the end of `sys.modules` once it is complete.
    names = [name for name in sys.modules if name.startswith("doctor.runtime.") and name not in _SELDOM]
    # With `os` the launch had a terminal, a network or a builtin, which most launches do without.
    if len(names) == len(loaded) or "os" in sys.modules or not posix.access(f"{_HERE}/__pycache__", posix.W_OK):
        return
    try:
        content = marshal.dumps((sys.version, [_module(name) for name in names]))
    except (OSError, SyntaxError):
        return
    write(path, content)


def _module(name: str) -> "tuple[str, str, Look, CodeType]":
    path = str(sys.modules[name].__file__)
    source = path.removeprefix(f"{_HERE}/")
    seen = look(source)
    with open(path, encoding="utf-8") as text:
        code = compile(text.read(), path, "exec", _CO_FUTURE_ANNOTATIONS, dont_inherit=True, optimize=2)
    return name, source, seen, code


def write(path: str, content: bytes) -> None:
    """Replace a file at once, so that no launch reads a part of it. An unwritable directory is ignored."""
    own = f"{path}.{posix.getpid()}"
    try:
        handle = posix.open(own, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o644)
    except OSError:
        return
    try:
        if posix.write(handle, content) == len(content):
            posix.rename(own, path)
            return
    except OSError:
        pass
    finally:
        posix.close(handle)
    posix.unlink(own)


def look(source: str) -> Look:
    """Values that change with a source: inode, size, and the times of its content and of any change."""
    status = posix.stat(f"{_HERE}/{source}")
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

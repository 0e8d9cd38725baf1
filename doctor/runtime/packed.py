"""Caches the code of all modules of a launch in one file beside their bytecode: it loads in half the time.

`__pycache__` gets a file for each kind of launch, written at root's first launch of that kind. It holds the modules in
the order in which they were loaded, compiled without docstrings and annotations, and the paths of the interpreter's
extension modules. It is used only with the same interpreter, and if each source has the same inode, size and times.
Otherwise the modules are imported as usual. Another file, `start`, holds this module, so that it need not be imported
either.
"""

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import NoReturn

_PACKAGE = "doctor.runtime"
_SELDOM = ("builtins", "filters")  # not needed by most launches, even if the first one used them
_CO_FUTURE_ANNOTATIONS = 0x1000000  # of code.h: remaining annotations are not evaluated

Look = tuple[int, int, int, int]


def begin(directory: str, kept: int) -> "NoReturn":
    """Run the command line and end. `kept`: the open file `start`, if this code came from it, else -1."""
    if kept >= 0:
        posix.close(kept)
    words = sys.argv[1:]
    kind = words[0] if words and words[0] in ("run", "batch") else ""
    if kind == "run":
        kind = "bundle" if "--bundle" in words else "terminal" if {"-t", "-it"}.intersection(words) else "run"
    path = f"{directory}/__pycache__/{kind}.{sys.implementation.cache_tag}.packed"
    is_loaded = kind == "" or load(path, directory)
    if _PACKAGE not in sys.modules:
        sys.path.append(directory.rpartition("/")[0].rpartition("/")[0])
    from doctor.runtime import cli, system  # noqa: PLC0415 - only now they can be found

    code = cli.main(words)
    if kind and (not is_loaded or kept < 0):
        from doctor.runtime import packed  # noqa: PLC0415, PLW0406 - this code may have come without its module

        packed.save(path)
    # Nothing is buffered and everything is undone: an interpreter shutdown would cost a tenth of a launch.
    system.leave(code)


def load(path: str, directory: str) -> bool:
    """Load a file; returns whether it exists and matches the sources."""
    import marshal  # noqa: PLC0415 - a built-in module

    try:
        handle = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
        version, extensions, modules = marshal.loads(posix.read(handle, posix.fstat(handle).st_size))  # noqa: S302
        posix.close(handle)
        if version != sys.version or any(_look(f"{directory}/{name}.py") != look for name, look, _ in modules):
            return False
        for name, origin in extensions:
            _extend(name, origin)
    except (OSError, ValueError, EOFError, TypeError, ImportError):
        return False
    package = _package(directory)
    make = type(sys)
    for name, _, code in modules:
        if name == "packed":
            continue
        module = make(f"{_PACKAGE}.{name}")
        module.__file__, module.__package__ = f"{directory}/{name}.py", _PACKAGE
        sys.modules[f"{_PACKAGE}.{name}"] = module
        exec(code, module.__dict__)  # noqa: S102 - this is what importing is
        setattr(package, name, module)
    return True


def _extend(name: str, origin: str) -> None:
    """Import an extension module by its known path: a search would double the cost."""
    import _frozen_importlib  # noqa: PLC0415 - a built-in module, as the next one
    import _imp  # noqa: PLC0415

    spec = _frozen_importlib.ModuleSpec(name, None, origin=origin)
    module = _imp.create_dynamic(spec)
    _imp.exec_dynamic(module)
    module.__spec__, module.__file__ = spec, origin
    sys.modules[name] = module


def _package(directory: str) -> object:
    """The package, which other modules can still be imported from; its own code is its documentation alone."""
    if _PACKAGE not in sys.modules:
        for name, path in (("doctor", directory.rpartition("/")[0]), (_PACKAGE, directory)):
            made = type(sys)(name)
            made.__path__, made.__package__, made.__file__ = [path], name, f"{path}/__init__.py"
            sys.modules[name] = made
        sys.modules["doctor"].runtime = sys.modules[_PACKAGE]  # type: ignore[attr-defined]
    return sys.modules[_PACKAGE]


def save(path: str) -> None:
    """Write what was loaded. An unwritable file or an unreadable source is ignored."""
    import marshal  # noqa: PLC0415 - once for each way to launch

    directory, tag = __file__.rpartition("/")[0], sys.implementation.cache_tag
    extensions = [(name, origin) for name, module in sys.modules.items() if (origin := _origin(module)).endswith(".so")]
    found = []
    try:
        # A package gets its modules as attributes when they are loaded, so dependencies come first.
        for name, module in vars(sys.modules[_PACKAGE]).items():
            if getattr(module, "__name__", "") != f"{_PACKAGE}.{name}" or name in _SELDOM:
                continue
            source = f"{directory}/{name}.py"
            look = _look(source)
            found.append((name, look, _compiled(source)))
            if _look(source) != look:
                return
        own = next(code for name, _, code in found if name == "packed")
        write(path, marshal.dumps((sys.version, extensions, found)))
        write(f"{directory}/__pycache__/start.{tag}.packed", marshal.dumps((sys.version, own)))
    except (OSError, ValueError, SyntaxError):
        return


def _origin(module: object) -> str:
    """Where an extension module was loaded from."""
    return getattr(getattr(module, "__spec__", None), "origin", None) or ""


def _compiled(path: str) -> "CodeType":
    """The code of a source without docstrings and annotations: they would cost a third of the load time."""
    import ast  # noqa: PLC0415 - once for each way to launch

    with open(path, encoding="utf-8") as source:
        tree = ast.parse(source.read(), path)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    code: CodeType = compile(tree, path, "exec", _CO_FUTURE_ANNOTATIONS, dont_inherit=True, optimize=2)
    return code


def write(path: str, content: bytes) -> None:
    """Under a temporary name first, so that no reader sees a partial file."""
    own = f"{path}.{posix.getpid()}"
    handle = posix.open(own, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o644)
    try:
        complete = posix.write(handle, content) == len(content)
        posix.close(handle)
        if complete:
            posix.rename(own, path)
            return
    except OSError:
        pass
    posix.unlink(own)


def _look(path: str) -> Look:
    """Values that change with a source: inode, time in seconds as bytecode has it, size, and the time of any change."""
    status = posix.stat(path)
    return status.st_ino, int(status.st_mtime), status.st_size, status.st_ctime_ns

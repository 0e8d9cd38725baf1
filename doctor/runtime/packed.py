"""The code of all modules that a launch needs, in one file beside their bytecode: loading it takes half of what they take.

`__pycache__` gets a file for each way to launch, when root has launched that way for the first time. What it holds is what
Python keeps there for each module, in the order in which they were loaded; it is taken only under the same interpreter, and
while each source has the inode, size and times that it had. Else the modules are imported as ever.
"""

import marshal
import posix
import sys

_NAME = __name__.rpartition(".")[0]
_HEADER = 16  # of a .pyc: magic number, flags, time and size of the source
_MOST_BYTES = 16 << 20


def load(arguments: list[str]) -> str:
    """Load what a command line needs; the file to be written by `save`, "" where there is nothing to do."""
    kind = "".join(arguments[:1])
    if kind not in ("run", "batch"):
        return ""
    if kind == "run":
        kind = "bundle" if "--bundle" in arguments else "terminal" if {"-t", "-it"}.intersection(arguments) else "run"
    directory = __file__.rpartition("/")[0]
    path = f"{directory}/__pycache__/{kind}.{sys.implementation.cache_tag}.packed"
    try:
        version, modules = marshal.loads(_content(path))  # noqa: S302 - as trusted as the .pyc files beside it
        if version != sys.version or any(_look(f"{directory}/{name}.py") != look for name, look, _ in modules):
            return path
    except (OSError, ValueError, EOFError, TypeError):
        return path
    package, make = sys.modules[_NAME], type(sys)
    for name, _, code in modules:
        module = make(f"{_NAME}.{name}")
        module.__file__, module.__package__ = f"{directory}/{name}.py", _NAME
        sys.modules[f"{_NAME}.{name}"] = module
        exec(code, module.__dict__)  # noqa: S102 - this is what importing is
        setattr(package, name, module)
    return ""


def save(path: str) -> None:
    """Write what was loaded. A file that can't be written, or bytecode that is not there, is no matter."""
    directory = __file__.rpartition("/")[0]
    found = []
    try:
        # A package gets its modules as attributes when they are loaded, so those come first that others need.
        for name, module in vars(sys.modules[_NAME]).items():
            if getattr(module, "__name__", "") != f"{_NAME}.{name}" or name in ("packed", "builtins"):
                continue
            look = _look(f"{directory}/{name}.py")
            compiled = _content(f"{directory}/__pycache__/{name}.{sys.implementation.cache_tag}.pyc")
            if compiled[8:_HEADER] != look[1].to_bytes(8, "little")[:4] + look[2].to_bytes(8, "little")[:4]:
                return
            found.append((name, look, marshal.loads(compiled[_HEADER:])))  # noqa: S302 - Python's own cache
        _write(path, marshal.dumps((sys.version, found)))
    except (OSError, ValueError, EOFError):
        return


def _write(path: str, content: bytes) -> None:
    """Under another name first, so that nobody reads half of it."""
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


def _look(path: str) -> tuple[int, int, int, int]:
    """What changes when a source does: inode, time in seconds as bytecode has it, size, and the time of any change."""
    status = posix.stat(path)
    return status.st_ino, int(status.st_mtime), status.st_size, status.st_ctime_ns


def _content(path: str) -> bytes:
    handle = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return posix.read(handle, _MOST_BYTES)
    finally:
        posix.close(handle)

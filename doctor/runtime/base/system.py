"""Replaces `os`, `stat` and `signal` by the C modules below them, which are cheaper to import.

`os` brings `os.path`, the abstract collections and the environment (1.6 ms, a tenth of a launch), `signal` enumerations
(3 ms). Modules of a cold launch use these; they lack `os.path` and `os.environ`.
"""

from doctor.runtime.base.frozen import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    import signal
    import stat
    from typing import NoReturn
else:
    import _signal as signal
    import _stat as stat
    import posix as os

__all__ = ["content", "encoded", "exists", "is_directory", "leave", "os", "signal", "stat", "text_of", "write_text"]


def leave(code: int) -> "NoReturn":
    """End this process at once: no finalisers, no buffers, no code that could run in a container."""
    os._exit(code)  # noqa: SLF001 - its public name has the underscore


def encoded(path: str) -> bytes:
    """A path as bytes for the kernel, as `os.fsencode` does in a UTF-8 locale."""
    return path.encode("utf-8", "surrogateescape")


def content(path: str) -> bytes:
    """The content of a file, by descriptor: a file object takes four times as long, and launches are counted in
    milliseconds.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = b""
        while chunk := os.read(handle, 65536):
            found += chunk
        return found
    finally:
        os.close(handle)


def text_of(path: str) -> str:
    """The content of a file of the kernel."""
    return content(path).decode("utf-8", "replace")


def write_text(path: str, text: str) -> None:
    """Write to a file of the kernel, at once."""
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def exists(path: str) -> bool:
    """Whether a path exists."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def is_directory(path: str) -> bool:
    """Whether a path is a directory."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except OSError:
        return False

"""A network namespace held by a thread: what the thread opens, reads and starts is in it."""

import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from tests.hosts.linux import CLONE_NEWNET, unshare


class Namespace:
    """A new network namespace; it ends with its thread and the last socket in it.

    Attributes:
        tid: the thread, whose `/proc/TID/ns/net` is the namespace: for whatever wants a process of it.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, initializer=unshare, initargs=(CLONE_NEWNET,))
        self.tid = self.call(threading.get_native_id)

    def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """Run a function in the namespace and return its result."""
        return self.begin(function, *arguments).result()

    def begin(self, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        """The same without waiting."""
        return self._thread.submit(function, *arguments)

    def run(self, argv: tuple[str, ...], text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in the namespace with a text as input."""
        return self.begin_run(argv, text).result()

    def begin_run(self, argv: tuple[str, ...], text: str = "") -> "Future[subprocess.CompletedProcess[str]]":
        """The same without waiting."""
        return self.begin(_run, argv, text)

    def write(self, path: str, value: str) -> None:
        """Write a setting of the namespace beneath /proc/sys/net."""
        self.call(_write, f"/proc/sys/net/{path}", value)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


def _run(argv: tuple[str, ...], text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, input=text, capture_output=True, text=True, check=False, timeout=20)


def _write(path: str, value: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(value)

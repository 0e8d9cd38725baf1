"""Verifies layers in processes, one per core, largest first; shows progress on a terminal.

Processes, since Python's threads share one lock; forked, since all input is in memory already. Task numbers wait in a
pipe, and a free worker takes the next one, so none waits for the slowest.
"""

import os
import selectors
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator

import msgspec

from doctor.facts.layers.content import LayerLook
from doctor.host.base import Host
from doctor.host.noted import NotedHost
from doctor.proof.layer import Task, look, new_buffer

_NUMBER = struct.Struct("<H")
_LENGTH = struct.Struct("<I")
_MOST = 16_000
"""Maximum of queued tasks: their numbers fit into a pipe."""
_WORTH_BYTES = 8 << 20
_QUIET_S = 1.0


Work = Callable[[Host, Task, memoryview], LayerLook]


def look_at_all(host: Host, tasks: list[Task], work: Work = look) -> Iterator[LayerLook]:
    """Yield a result for each task, unordered. ``work`` verifies one."""
    if isinstance(host, NotedHost):
        raise TypeError("questions of other processes are not noted: use in_whole")
    progress = _Progress(tasks)
    try:
        for found in _look_at_all(host, tasks, work):
            progress.show(found)
            yield found
    finally:
        progress.end()


def _look_at_all(host: Host, tasks: list[Task], work: Work) -> Iterator[LayerLook]:
    cores = len(os.sched_getaffinity(0))
    if cores == 1 or len(tasks) == 1 or sum(task.size for task in tasks) < _WORTH_BYTES:
        buffer = new_buffer()
        for task in tasks:
            yield work(host, task, buffer)
        return
    for start in range(0, len(tasks), _MOST):
        part = sorted(tasks[start : start + _MOST], key=lambda task: task.size, reverse=True)
        yield from _in_processes(host, part, min(cores, len(part)), work)


def _in_processes(host: Host, tasks: list[Task], count: int, work: Work) -> Iterator[LayerLook]:
    numbers, feed = os.pipe()
    os.write(feed, b"".join(_NUMBER.pack(number) for number in range(len(tasks))))
    os.close(feed)
    children: dict[int, int] = {}
    left = {task.chain: task for task in tasks}
    try:
        for _ in range(count):
            answers, end = os.pipe()
            pid = os.fork()
            if pid == 0:
                _serve(host, tasks, numbers, end, work)
            os.close(end)
            children[answers] = pid
        for found in _answers(children):
            left.pop(found.chain, None)
            yield found
        children.clear()
    finally:
        os.close(numbers)
        for answers, pid in children.items():
            # Only if the consumer stops early.
            os.kill(pid, signal.SIGKILL)
            os.close(answers)
            os.waitpid(pid, 0)
    for task in left.values():
        yield LayerLook(
            chain=task.chain, directory=task.directory, gap=f"{task.top}: the process that read it was killed"
        )


def _serve(host: Host, tasks: list[Task], numbers: int, end: int, work: Work) -> None:
    """Run as a child: take numbers until none are left, and never return."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        buffer = new_buffer()
        while len(raw := os.read(numbers, _NUMBER.size)) == _NUMBER.size:
            answer = msgspec.msgpack.encode(work(host, tasks[_NUMBER.unpack(raw)[0]], buffer))
            view = memoryview(_LENGTH.pack(len(answer)) + answer)
            while view:
                view = view[os.write(end, view) :]
        code = 0
    finally:
        os._exit(code)


def _answers(children: dict[int, int]) -> Iterator[LayerLook]:
    decoder = msgspec.msgpack.Decoder(LayerLook)
    pending = {answers: bytearray() for answers in children}
    with selectors.DefaultSelector() as selector:
        for answers in children:
            selector.register(answers, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                answers = key.fd
                chunk = os.read(answers, 1 << 16)
                if not chunk:
                    selector.unregister(answers)
                    os.close(answers)
                    os.waitpid(children.pop(answers), 0)
                    continue
                pending[answers] += chunk
                yield from _whole(pending[answers], decoder)


def _whole(pending: bytearray, decoder: "msgspec.msgpack.Decoder[LayerLook]") -> Iterable[LayerLook]:
    while len(pending) >= _LENGTH.size:
        size = _LENGTH.unpack_from(pending)[0]
        if len(pending) < _LENGTH.size + size:
            return
        answer = bytes(pending[_LENGTH.size : _LENGTH.size + size])
        del pending[: _LENGTH.size + size]
        yield decoder.decode(answer)


class _Progress:
    """A progress line on a terminal, after one second; a no-op elsewhere."""

    def __init__(self, tasks: list[Task]) -> None:
        self._count = len(tasks)
        self._bytes = sum(task.size for task in tasks)
        self._done = 0
        self._seen = 0
        self._started = time.monotonic()
        self._shown = False
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty()

    def show(self, found: LayerLook) -> None:
        """Count a layer."""
        self._done += 1
        self._seen += found.bytes_read
        if not self._is_terminal or time.monotonic() - self._started < _QUIET_S:
            return
        self._shown = True
        text = f"proving layers: {self._done} of {self._count}, {self._seen / 1e6:.0f} of {self._bytes / 1e6:.0f} MB"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

"""Builtins that consume resources: time, memory, processes, CPU."""

import os
import time

from doctor.runtime.builtins.answers import builtin, say
from doctor.runtime.plan.reader import FieldReader

_BLOCK = 1 << 20
_MAX_FORKS = 4096


def _print(reader: FieldReader) -> None:
    """text, repeat, to ("stdout" or "stderr"): writes the text as it is."""
    text, repeat = reader.text("text", "") or "", reader.number("repeat", 0, 1 << 30)
    to = reader.text("to", "stdout")
    reader.end()
    block = text.encode()
    for _ in range(1 if repeat is None else repeat):
        os.write(2 if to == "stderr" else 1, block)


def _sleep(reader: FieldReader) -> None:
    """`seconds` to sleep."""
    seconds = reader.fraction("seconds", 0, 1e7)
    reader.end()
    time.sleep(1.0 if seconds is None else seconds)
    say(ok=True)


def _files(reader: FieldReader) -> dict[str, str]:
    """`read`: paths; the texts of those that can be read, such as a limit that the container's control group holds."""
    found = {}
    for path in reader.texts("read"):
        try:
            with open(path, encoding="utf-8", errors="replace") as source:
                found[path] = source.read(4096).strip()
        except OSError:
            continue
    return found


def _memory_eat(reader: FieldReader) -> None:
    """bytes, read: allocates and touches them, one MiB at a time; the files are printed first, since it may be
    killed.
    """
    wanted, files = reader.number("bytes", 0, 1 << 50), _files(reader)
    reader.end()
    if files:
        say(files=files)
    held = [bytearray(b"x") * _BLOCK for _ in range((wanted or 0) // _BLOCK)]
    say(ok=True, bytes=len(held) * _BLOCK, files=files)


def _fork_many(reader: FieldReader) -> None:
    """count, read: starts this many waiting processes; prints how many could start, and ends them."""
    count, files = reader.number("count", 1, _MAX_FORKS), _files(reader)
    reader.end()
    made, problem = 0, None
    read, write = os.pipe()
    for _ in range(count or 10):
        try:
            pid = os.fork()
        except OSError as error:
            problem = error.errno
            break
        if pid == 0:
            os.close(write)
            os.read(read, 1)
            os._exit(0)
        made += 1
    os.close(write)
    for _ in range(made):
        os.wait()
    say(ok=problem is None, made=made, errno=problem, files=files)


def _cpu_burn(reader: FieldReader) -> None:
    """`seconds` of wall time, read; prints how many seconds of CPU it got."""
    seconds, files = reader.fraction("seconds", 0, 3600), _files(reader)
    reader.end()
    end = time.monotonic() + (0.5 if seconds is None else seconds)
    while time.monotonic() < end:
        sum(range(1000))
    say(ok=True, cpu_s=round(time.process_time(), 4), files=files)


FUNCTIONS = {
    "print": builtin(_print),
    "sleep": builtin(_sleep),
    "memory-eat": builtin(_memory_eat),
    "fork-many": builtin(_fork_many),
    "cpu-burn": builtin(_cpu_burn),
}

"""The cost of reading for a plain program: `python -m benchmarks.reading hash|read DIR…`, with a process for each core.

`hash` is `hashlib.file_digest` of every file, `read` is open, read and close: what a verification can't go below.
"""

import hashlib
import os
import sys
from pathlib import Path


def files(tops: list[str]) -> list[Path]:
    """All regular files, the largest first."""
    found = [Path(folder, name) for top in tops for folder, _, names in os.walk(top) for name in names]
    sized = [(path.lstat().st_size, str(path)) for path in found if path.is_file() and not path.is_symlink()]
    return [Path(path) for _, path in sorted(sized, reverse=True)]


def work(paths: list[Path], *, is_hash: bool) -> None:
    """Take each file once."""
    buffer = bytearray(1 << 20)
    for path in paths:
        if is_hash:
            with path.open("rb") as stream:
                hashlib.file_digest(stream, "sha256")
            continue
        descriptor = os.open(path, os.O_RDONLY)
        while os.readv(descriptor, [buffer]) == len(buffer):
            pass
        os.close(descriptor)


def main() -> None:
    """Share the files out, every second one to each of two cores."""
    is_hash, tops = sys.argv[1] == "hash", sys.argv[2:]
    found, cores = files(tops), len(os.sched_getaffinity(0))
    children = []
    for core in range(cores):
        pid = os.fork()
        if pid == 0:
            work(found[core::cores], is_hash=is_hash)
            os._exit(0)
        children.append(pid)
    for pid in children:
        if os.waitpid(pid, 0)[1]:
            sys.exit(1)


if __name__ == "__main__":
    main()

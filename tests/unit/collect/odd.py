"""Nodes that nobody expects in the place of a file: what a bad disk, a crash or an attacker leaves."""

import os
import socket
from pathlib import Path

CONTENTS = {
    "empty": b"",
    "zeros": b"\0" * 4096,
    "half JSON": b'{"a": {"b": [1, 2, {"c',
    "an array": b'[{"a": 1}, null, 7]',
    "deep": b"[" * 100_000,
    "numbers": b"9" * 5000 + b"\n-1 -1 -1 -1 -1 -1 -1 -1\n",
    "separators": b"\t \t:\t=\n[]\n[a]\n=b\n" * 100,
    "high bytes": bytes(range(128, 256)) * 8,
}


def put_in_place(path: Path, kind: str) -> bool:
    """Put a node at a path, unless something stands there or above it; return whether it did."""
    if os.path.lexists(path) or any(above.exists() and not above.is_dir() for above in path.parents):
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path, kind)
    except OSError:
        # A parent is a link that leads nowhere, or a socket's path is too long.
        return False
    return True


def _make(path: Path, kind: str) -> None:
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        here = os.open(path.parent, os.O_PATH)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "outside":
        path.symlink_to("../../../../../../../../etc/passwd")
    else:
        path.write_bytes(CONTENTS[kind])

"""Paths on the examined host."""

from typing import NewType

HostPath = NewType("HostPath", str)
"""An absolute path as the examined host names it. Never opened directly: a mounted disk has another root."""


def join(base: HostPath, *parts: str) -> HostPath:
    """Return ``base`` with the parts appended; an absolute part stays below the base."""
    text = base.rstrip("/")
    for part in parts:
        text += "/" + part.strip("/")
    return HostPath(text or "/")


def parent(path: HostPath) -> HostPath:
    """Return the directory that holds ``path``."""
    return HostPath(path.rstrip("/").rpartition("/")[0] or "/")


def is_beneath(path: str, top: str) -> bool:
    """Whether ``path`` is ``top`` or lies under it, component by component."""
    top = top.rstrip("/")
    return path == top or path.startswith(top + "/")

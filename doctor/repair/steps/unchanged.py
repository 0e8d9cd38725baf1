"""Compares a path on the host with its state before a step, for an undo and for the report of a rollback."""

import os

from doctor.model.step import (
    Attributes,
    CharacterDevice,
    Directory,
    File,
    HardLink,
    KernelValue,
    Meta,
    Move,
    Node,
    Put,
    Step,
    Symlink,
)
from doctor.repair.steps.nodes import Tree, meta_at

_CHUNK = 1 << 20
_KINDS: dict[type, str] = {File: "f", Directory: "d", Symlink: "l", CharacterDevice: "c", HardLink: "f"}


def is_as(tree: Tree, path: str, node: Node | None, meta: Meta | None) -> bool:
    """Whether ``path`` is this node with these attributes (``None``: missing). Raises ``OSError`` if it can't be examined."""
    found = tree.lstat(path)
    if node is None or found is None:
        return node is None and found is None and meta is None
    if found.kind != _KINDS[type(node)]:
        return False
    with tree.parent(path) as (directory, name):
        match node:
            case File():
                if not _holds(directory, name, node):
                    return False
            case Symlink(target=target):
                if os.readlink(name, dir_fd=directory) != target:
                    return False
            case CharacterDevice(major=major, minor=minor):
                if found.rdev != os.makedev(major, minor):
                    return False
            case HardLink(target=target):
                other = tree.lstat(target)
                return other is not None and (other.inode, other.device) == (found.inode, found.device)
        return meta is None or _is_meta(meta_at(directory, name, found), meta, node)


def _is_meta(now: Meta, wanted: Meta, node: Node) -> bool:
    owned = (now.uid, now.gid, now.xattrs) == (wanted.uid, wanted.gid, wanted.xattrs)
    if isinstance(node, Symlink):
        return owned
    # A directory's time changes with its entries: it is not compared.
    timed = not isinstance(node, File) or wanted.mtime_ns in {None, now.mtime_ns}
    # A new flag was set by others: doctor sets none.
    return owned and timed and now.mode == wanted.mode and wanted.flags in {0, now.flags}


def _holds(directory: int, name: str, node: File) -> bool:
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    with open(descriptor, "rb") as stream:
        if not node.blob:
            return stream.read(len(node.content) + 1) == node.content
        with open(node.blob, "rb") as other:
            while True:
                one, two = stream.read(_CHUNK), other.read(_CHUNK)
                if one != two:
                    return False
                if not one:
                    return True


def is_done(tree: Tree, step: Step) -> bool:
    """Whether a step of an undo is a no-op, because its path already has the wanted state. False in doubt."""
    try:
        match step:
            case Put(path=path, node=node, meta=meta):
                # The same content under a hard link to another file is not a separate file.
                is_apart = not step.unlinks or ((found := tree.lstat(path)) is not None and found.nlink == 1)
                return is_apart and meta is not None and is_as(tree, path, node, meta)
            case Attributes(path=path):
                return _has_attributes(tree, step, path)
            case KernelValue(path=path, value=value):
                with open(tree.root.rstrip("/") + path, encoding="utf-8", errors="surrogateescape") as stream:
                    return stream.read().rstrip("\n") == value
            case Move(path=path, may_fail=True, to=""):
                return tree.lstat(path) is None
    except OSError:
        return False
    return False


def _has_attributes(tree: Tree, step: Attributes, path: str) -> bool:
    found = tree.lstat(path)
    if found is None:
        return False
    with tree.parent(path) as (directory, name):
        now = meta_at(directory, name, found)
    pairs = ((step.mode, now.mode), (step.uid, now.uid), (step.gid, now.gid), (step.flags, now.flags))
    if any(wanted is not None and wanted != is_now for wanted, is_now in pairs):
        return False
    if step.mtime_ns is not None and found.kind == "f" and step.mtime_ns != now.mtime_ns:
        return False
    return all(now.xattrs.get(key) == value for key, value in step.xattrs.items())

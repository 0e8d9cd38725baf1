"""Checks whether users other than root (or the owner, for another user) can change or replace one of doctor's own
files.

The files in root's state directory decide what root writes and runs. So every directory in the path counts, each
symbolic link, and its target; one function checks them for all of doctor's files.
"""

import os
import stat
from collections.abc import Callable

_MOST_LINKS = 40
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Look:
    """Status of a path, not followed: type and permission bits, owner, and the target of a symbolic link."""

    __slots__ = ("gid", "mode", "target", "uid")

    def __init__(self, mode: int, uid: int, gid: int = 0, target: str = "") -> None:
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.target = target


class Weakness:
    """A path that other users can change: ``where``, and the reason."""

    __slots__ = ("where", "why")

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why

    def __str__(self) -> str:
        return f"{self.where} {self.why}"

    @property
    def do(self) -> str:
        """The remedy."""
        return f"verify its content, then 'chown {_owner()} {self.where}' and 'chmod go-w {self.where}'"


def weakness(path: str, look: Callable[[str], Look | None] | None = None) -> Weakness | None:
    """Return how users other than root or this process's user can change or replace ``path``; ``None`` if they can't.

    All directories from / on, symbolic links and their targets are checked. In a sticky directory (/tmp), where
    everybody may create files but remove only their own, an entry of the right owner is safe; ``path`` itself must not
    be such a directory. A missing path is checked up to its last existing directory: check again after creating the
    rest. ``look`` returns the status on another host, ``None`` for a missing path.
    """
    look = look or _look
    left = _parts(os.path.abspath(path))
    here, links, is_open = "/", 0, False
    while (found := look(here)) is not None:
        if stat.S_ISLNK(found.mode):
            links += 1
            if links > _MOST_LINKS:
                return Weakness(here, "is a loop of symbolic links")
            if is_open and not _is_ours(found.uid):
                return Weakness(here, f"is a link of user {found.uid} in a directory that everybody can write")
            left = _parts(found.target) + left
            # The directory is checked again, as the link may lead to itself ("."): then it is the last one.
            here = "/" if found.target.startswith("/") else os.path.dirname(here)
            continue
        why = _why(found, is_last=not left)
        if why:
            return Weakness(here, why)
        if not left:
            return None
        is_open = stat.S_ISDIR(found.mode) and bool(found.mode & _OTHERS)
        part = left.pop(0)
        here = os.path.dirname(here) if part == ".." else os.path.join(here, part)
    return None


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def is_open_to_others(found: os.stat_result) -> bool:
    """Whether others can change an open file of doctor's; its parent directories are checked by ``weakness``."""
    return is_open(Look(found.st_mode, found.st_uid, found.st_gid))


def is_open(found: Look) -> bool:
    """Whether others can change this file itself; its parent directories are checked by ``weakness``."""
    return bool(_why(found, is_last=True))


def refuse_weak(path: str, what: str) -> None:
    """Raise ``RefusedError`` if others can change ``path``; ``what`` names it ("the state directory")."""
    weak = weakness(path)
    if weak is not None:
        from doctor.model.errors import RefusedError  # noqa: PLC0415 - the guard asks too, before anything else is loaded

        raise RefusedError(
            f"{what} is not used: users other than {_owner()} may have written it: {weak}",
            where=path,
            do=weak.do,
        )


def _why(found: Look, *, is_last: bool) -> str:
    if not _is_ours(found.uid):
        return f"belongs to user {found.uid}"
    others = found.mode & _OTHERS
    if others == stat.S_IWGRP and _is_own_group(found.gid):
        others = 0
    if others and not (stat.S_ISDIR(found.mode) and found.mode & stat.S_ISVTX and not is_last):
        return f"can be written by {'everybody' if others & stat.S_IWOTH else f'group {found.gid}'}"
    return ""


def _is_ours(uid: int) -> bool:
    return uid in {0, os.geteuid()}


def _is_own_group(gid: int) -> bool:
    """Whether it is the user's private group: many systems give each user one, with write access."""
    if os.geteuid() == 0 or gid != os.getgid():
        return False
    import grp  # noqa: PLC0415 - only where a group may write
    import pwd  # noqa: PLC0415

    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _owner() -> str:
    return "root" if os.geteuid() == 0 else f"user {os.geteuid()}"


def _look(path: str) -> Look | None:
    try:
        found = os.lstat(path)
        target = os.readlink(path) if stat.S_ISLNK(found.st_mode) else ""
    except OSError:
        return None
    return Look(found.st_mode, found.st_uid, found.st_gid, target)

"""Whether nobody but root (or its owner, for another user) can change a file of doctor's own, or put another one in its place.

What root reads from its state directory decides what root writes and runs. So every directory on the way there counts, each
symbolic link, and where it leads; one function judges them for all of doctor's files.
"""

import os
import stat
from collections.abc import Callable

_MOST_LINKS = 40
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Look:
    """What is at a path, not followed: type and permission bits, owner, and the target of a symbolic link."""

    __slots__ = ("gid", "mode", "target", "uid")

    def __init__(self, mode: int, uid: int, gid: int = 0, target: str = "") -> None:
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.target = target


class Weakness:
    """Who else can change what a path leads to: ``where`` he can do it, and in words why."""

    __slots__ = ("where", "why")

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        self.why = why

    def __str__(self) -> str:
        return f"{self.where} {self.why}"

    @property
    def do(self) -> str:
        """What ends it."""
        return f"make sure that nobody changed it, then 'chown {_owner()} {self.where}' and 'chmod go-w {self.where}'"


def weakness(path: str, look: Callable[[str], Look | None] | None = None) -> Weakness | None:
    """Return how others than root, or than the user of this process, can change ``path`` or replace it; else ``None``.

    Judged are all directories from / on, symbolic links and where they lead. In a directory where everybody may make files and
    remove only his own (sticky: /tmp), an entry of the right owner is safe; but ``path`` itself may not be such a directory.
    A path that leads to nothing is judged up to where it ends: who makes the rest asks again. ``look`` answers for another host
    than this one, with ``None`` where nothing is there.
    """
    look = look or _look
    left = _parts(os.path.abspath(path))
    here, links, is_open = "/", 0, False
    while (found := look(here)) is not None:
        if stat.S_ISLNK(found.mode):
            links += 1
            if links > _MOST_LINKS:
                return Weakness(here, "leads in a circle of symbolic links")
            if is_open and not _is_ours(found.uid):
                return Weakness(here, f"is a link of user {found.uid} in a directory where everybody can make one")
            left = _parts(found.target) + left
            # The directory is looked at once more, as the link may lead to itself ("."): then it is the last one.
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
    """Whether others can change an open file of doctor's; the directories on its way are judged by ``weakness``."""
    return is_open(Look(found.st_mode, found.st_uid, found.st_gid))


def is_open(found: Look) -> bool:
    """Whether others can change this file itself; the directories on the way to it are judged by ``weakness``."""
    return bool(_why(found, is_last=True))


def refuse_weak(path: str, what: str) -> None:
    """Raise ``RefusedError`` where others can change ``path``; ``what`` names it ("the state directory")."""
    weak = weakness(path)
    if weak is not None:
        from doctor.model.errors import RefusedError  # noqa: PLC0415 - the guard asks too, before anything else is loaded

        raise RefusedError(
            f"{what} is not used: others than {_owner()} could have written it: {weak}", where=path, do=weak.do
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
    """Whether it is the group that has this user alone: many systems give one to each, and let it write."""
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

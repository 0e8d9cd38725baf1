"""Resolves the user of a container's command from the image's passwd and group files, without nss.

Resolving a user with the C library after entering a root would load the image's nss modules as root (CVE-2019-14271).
"""

from doctor.runtime.base.frozen import LaunchError, dataclass

_MAX_ID = 2**31 - 1  # moby's limit for a numeric user, pkg user of moby/sys


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandUser:
    """Resolved numeric ids.

    Attributes:
        uid, gid: user and primary group.
        groups: supplementary groups, in the order of the group file.
        home: the home directory, "/" when the user is unknown to the image.
    """

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    home: str = "/"


def identity(wanted: str, passwd: str, group: str) -> CommandUser:
    """The identity for "", "NAME", "UID", "NAME:GROUP" or "UID:GID", as Docker's --user reads them.

    A number needs no entry. An unknown name raises LaunchError. With a group given, no supplementary groups are
    taken from the files (as moby/sys `user.GetExecUser` does).
    """
    name, colon, group_name = wanted.partition(":")
    uid, gid, login, home = _user(name or "0", passwd)
    if colon and group_name:
        return CommandUser(uid=uid, gid=_group(group_name, group), home=home)
    return CommandUser(uid=uid, gid=gid, groups=_memberships(login, gid, group), home=home)


def _entries(text: str, fields: int) -> list[list[str]]:
    rows = (line.split(":") for line in text.splitlines() if line and not line.startswith("#"))
    return [row for row in rows if len(row) >= fields and row[0]]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _MAX_ID else None


def _user(name: str, passwd: str) -> tuple[int, int, str, str]:
    wanted = _number(name)
    for row in _entries(passwd, 4):
        uid, gid = _number(row[2]), _number(row[3])
        if uid is None or gid is None:
            continue
        if row[0] == name or uid == wanted:
            home = row[5] if len(row) > 5 and row[5].startswith("/") else "/"
            return uid, gid, row[0], home
    if wanted is None:
        raise LaunchError(f"the image has no user '{name}'")
    return wanted, 0, "", "/"


def _group(name: str, group: str) -> int:
    wanted = _number(name)
    for row in _entries(group, 3):
        gid = _number(row[2])
        if gid is not None and (row[0] == name or gid == wanted):
            return gid
    if wanted is None:
        raise LaunchError(f"the image has no group '{name}'")
    return wanted


def _memberships(login: str, primary: int, group: str) -> tuple[int, ...]:
    if not login:
        return ()
    found = []
    for row in _entries(group, 4):
        gid = _number(row[2])
        if gid is not None and gid != primary and login in row[3].split(","):
            found.append(gid)
    return tuple(found)

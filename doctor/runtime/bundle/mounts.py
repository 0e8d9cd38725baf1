"""The list `mounts` of a config.json: the kernel's file systems, which the runtime mounts itself, binds and tmpfs."""

from doctor.runtime.bundle.part import ConfigPart
from doctor.runtime.plan.container import Volume
from doctor.runtime.plan.reader import is_plain_path

_NOSUID, _NODEV, _NOEXEC, _NOATIME, _STRICTATIME, _NODIRATIME, _NOSYMFOLLOW = 0x2, 0x4, 0x8, 0x10, 0x20, 0x80, 0x200000
# Options of a mount as MOUNT_ATTR_* of mount_setattr(2); they are recursive, so "r…" is the same.
_SET = {
    "nosuid": _NOSUID,
    "nodev": _NODEV,
    "noexec": _NOEXEC,
    "noatime": _NOATIME,
    "strictatime": _STRICTATIME,
    "nodiratime": _NODIRATIME,
    "nosymfollow": _NOSYMFOLLOW,
}
# Defaults of a mount, unless the same list has the opposite.
_PLAIN = {
    "suid": _NOSUID,
    "dev": _NODEV,
    "exec": _NOEXEC,
    "atime": _NOATIME,
    "diratime": _NODIRATIME,
    "symfollow": _NOSYMFOLLOW,
    "nostrictatime": _STRICTATIME,
    "relatime": _NOATIME | _STRICTATIME,
}
_NOTHING = {"defaults", "async", "loud", "silent", "noiversion", "nolazytime", "nomand", "private", "rprivate"}
_LOCKED = frozenset(("nosuid", "noexec", "nodev", "private", "rprivate"))
# Options that the runtime's own mount of each kernel file system has, and those that are required.
_OWN: dict[tuple[str, str], tuple[frozenset[str], str]] = {
    ("/proc", "proc"): (_LOCKED, ""),
    ("/dev", "tmpfs"): (frozenset(("nosuid", "strictatime", "mode=755", "mode=0755", "size=65536k")), ""),
    ("/dev/pts", "devpts"): (
        frozenset(("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")),
        "",
    ),
    ("/dev/mqueue", "mqueue"): (_LOCKED, ""),
    ("/dev/shm", "tmpfs"): (_LOCKED | {"mode=1777", "mode=01777"}, ""),  # noqa: S108 - where it is, by POSIX
    ("/sys", "sysfs"): (_LOCKED | {"ro", "relatime"}, "ro"),
    ("/sys/fs/cgroup", "cgroup"): (_LOCKED | {"ro", "relatime"}, "ro"),
    ("/sys/fs/cgroup", "cgroup2"): (_LOCKED | {"ro", "relatime"}, "ro"),
}
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_MOST_BYTES = 1 << 40


def read(top: ConfigPart, spec: dict[str, object], directory: str) -> tuple[Volume, ...]:
    """Additions to the runtime's own mounts, in order. Raises LaunchError (2)."""
    found = []
    for mount in top.parts("mounts"):
        target, kind, source = mount.text("destination"), mount.text("type") or "none", mount.text("source") or ""
        mount.refuse("uidMappings", "gidMappings")
        options = mount.texts("options")
        mount.end()
        if target is None or not is_plain_path(target):
            raise mount.wrong("destination", "an absolute path without '..' is needed")
        target = f"/{target.strip('/')}"
        if target == "/":
            raise mount.wrong("destination", "the root itself can't be mounted over")
        if (target, kind) in _OWN:
            _check_own(mount, (target, kind), options, spec)
        elif kind == "tmpfs":
            found.append(_tmpfs(mount, target, options))
        elif kind == "bind" or (kind == "none" and {"bind", "rbind"}.intersection(options)):
            found.append(_bind(mount, source, target, options, directory))
        else:
            raise mount.wrong("type", f"'{kind}' can't be mounted at {target} by this runtime")
    return tuple(found)


def _check_own(mount: ConfigPart, which: tuple[str, str], options: tuple[str, ...], spec: dict[str, object]) -> None:
    known, needed = _OWN[which]
    for option in options:
        if which[0] == "/dev/shm" and option.startswith("size="):  # noqa: S108
            spec["shm_bytes"] = _size(mount, option)
        elif option not in known:
            raise mount.wrong("options", f"'{option}' is not supported for {which[0]}")
    if needed and needed not in options:
        raise mount.wrong("options", f"{which[0]} is mounted with '{needed}' only")


def _size(mount: ConfigPart, option: str) -> int:
    text = option.partition("=")[2]
    unit = _UNITS.get(text[-1:].lower(), 0)
    digits = text[:-1] if unit else text
    if not digits.isascii() or not digits.isdigit() or not 4096 <= int(digits[:15]) * (unit or 1) <= _MOST_BYTES:
        raise mount.wrong("options", f"'{option}' is not a size of at least 4096 bytes")
    return int(digits) * (unit or 1)


def _flags(options: tuple[str, ...]) -> tuple[int, bool, list[str]]:
    """The attributes to set, whether the mount is read-only, and the other options."""
    flags, readonly, rest = 0, False, []
    for option in options:
        name = option[1:] if option[:1] == "r" and option[1:] in (*_SET, *_PLAIN, "ro", "rw") else option
        if name in _SET:
            if name in ("noatime", "strictatime"):
                flags &= ~(_NOATIME | _STRICTATIME)
            flags |= _SET[name]
        elif name in _PLAIN:
            flags &= ~_PLAIN[name]
        elif name in ("ro", "rw"):
            readonly = name == "ro"
        elif name not in _NOTHING:
            rest.append(option)
    return flags, readonly, rest


def _bind(mount: ConfigPart, source: str, target: str, options: tuple[str, ...], directory: str) -> Volume:
    flags, readonly, rest = _flags(options)
    for option in rest:
        if option not in ("bind", "rbind"):
            raise mount.wrong("options", f"'{option}' is not supported for a bind")
    if not source or (not source.startswith("/") and ".." in source.split("/")):
        raise mount.wrong("source", f"'{source}' is not a path, or leads out of the bundle")
    return Volume(
        source=source,
        base=None if source.startswith("/") else directory,
        target=target,
        readonly=readonly,
        flags=flags,
        recursive="rbind" in options,
    )


def _tmpfs(mount: ConfigPart, target: str, options: tuple[str, ...]) -> Volume:
    flags, readonly, rest = _flags(options)
    for option in rest:
        name, _, value = option.partition("=")
        if name in ("size", "nr_blocks", "nr_inodes"):
            unit = value[-1:].lower()
            digits = value[:-1] if unit in _UNITS or (unit == "%" and name == "size") else value
            fits = digits.isdigit() and 1 <= int(digits[:15]) <= (100 if unit == "%" else _MOST_BYTES)
        else:
            fits = name in ("mode", "uid", "gid") and value.isdigit() and len(value) <= 10
        if not fits or not option.isascii():
            raise mount.wrong("options", f"'{option}' is not supported for a tmpfs")
    return Volume(source="", target=target, readonly=readonly, flags=flags, data=",".join(rest))

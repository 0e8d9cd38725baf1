"""The object `linux` of a config.json: namespaces, limits, devices, seccomp, sysctls, masked paths."""

from doctor.runtime.base.frozen import dataclass, replace
from doctor.runtime.base.system import os, stat
from doctor.runtime.bundle import resources
from doctor.runtime.bundle.part import ConfigPart
from doctor.runtime.plan.container import DeviceNode, Extras, Limits
from doctor.runtime.plan.reader import is_plain_path
from doctor.runtime.seccomp import cache

_ALWAYS = ("mount", "pid", "ipc", "uts")  # every container of this runtime has these of its own
_NO_ID = 2**32 - 1
# Kept per IPC namespace, and fs.mqueue. with all below it (kernel, ipc/ipc_sysctl.c and ipc/mq_sysctl.c).
_IPC = ("msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced")
_KINDS = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK}
_PERSONALITIES = {"LINUX": 0x0, "LINUX32": 0x8}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigLinux:
    """Requests beyond the fields of the container's object."""

    limits: Limits
    extras: Extras


def read(linux: ConfigPart, spec: dict[str, object], extras: Extras) -> ConfigLinux:
    """Put the namespaces into `spec`, and more into `extras`; both are returned. Raises LaunchError (2)."""
    linux.refuse("intelRdt", "memoryPolicy", "timeOffsets", "netDevices", "mountLabel")
    if (propagation := linux.text("rootfsPropagation") or "private") not in ("private", "rprivate"):
        raise linux.wrong("rootfsPropagation", f"'{propagation}': mounts of this runtime are private")
    _namespaces(linux, spec)
    _check_place(linux)
    limits = resources.read(linux.part("resources"))
    program, flags = _seccomp(linux)
    extras = replace(
        extras,
        devices=tuple(_device(device) for device in linux.parts("devices")),
        sysctls=_sysctls(linux.part("sysctl")),
        masked=_paths(linux, "maskedPaths"),
        sealed=_paths(linux, "readonlyPaths"),
        filter=program,
        filter_flags=flags,
        personality=_personality(linux.part("personality")),
    )
    linux.end()
    return ConfigLinux(limits=limits, extras=extras)


def _namespaces(linux: ConfigPart, spec: dict[str, object]) -> None:
    found: dict[str, str] = {}
    for namespace in linux.parts("namespaces"):
        kind, path = namespace.text("type") or "", namespace.text("path") or ""
        namespace.end()
        if kind not in (*_ALWAYS, "network", "user", "cgroup"):
            raise namespace.wrong("type", f"'{kind}' is not supported")
        if kind in found:
            raise namespace.wrong("type", f"'{kind}' is given twice")
        if path and kind != "network":
            raise namespace.wrong("path", f"a '{kind}' namespace can't be joined by this runtime")
        found[kind] = path
    for kind in _ALWAYS:
        if kind not in found:
            raise linux.wrong("namespaces", f"has no '{kind}': the host's own can't be shared by this runtime")
    joined = found.get("network")
    spec["net"] = "host" if joined is None else f"path:{joined}" if joined else "none"
    _user_namespace(linux, spec, wanted="user" in found)


def _user_namespace(linux: ConfigPart, spec: dict[str, object], *, wanted: bool) -> None:
    """One range of ids, the same for users and groups, from 0 inside on, as the runtime's mapped mounts need it."""
    both = []
    for name in ("uidMappings", "gidMappings"):
        ranges = []
        for mapping in linux.parts(name):
            numbers = [mapping.number(field, 0, _NO_ID) for field in ("containerID", "hostID", "size")]
            mapping.end()
            if None in numbers:
                raise mapping.wrong("size", "containerID, hostID and size are needed")
            ranges.append(numbers)
        if wanted != bool(ranges):
            raise linux.wrong(name, "a user namespace needs it" if wanted else "needs a namespace of type 'user'")
        if wanted and (len(ranges) > 1 or ranges[0][0] != 0):
            raise linux.wrong(name, "only one range that begins with containerID 0 is supported")
        both.append(ranges)
    if wanted:
        if both[0] != both[1]:
            raise linux.wrong("gidMappings", "must be as uidMappings for this runtime")
        if both[0][0][1] == 0:
            raise linux.wrong("uidMappings", "hostID 0 would be the host's root")
        spec["userns"] = f"{both[0][0][1]}:{both[0][0][2]}"


def _check_place(linux: ConfigPart) -> None:
    """Groups of this runtime have their own parent. A group at the top, or beneath Docker's, that limits nothing is
    equivalent.
    """
    path = linux.text("cgroupsPath") or ""
    if ":" in path and path.partition(":")[0] in ("", "system.slice"):
        return
    parts = [part for part in path.split("/") if part]
    if ".." in parts or len(parts) > 2 or (len(parts) == 2 and parts[0] != "docker"):
        raise linux.wrong("cgroupsPath", f"'{path}': this runtime can't put a container beneath another control group")


def _seccomp(linux: ConfigPart) -> tuple[bytes | None, int]:
    value = linux.take("seccomp")
    return (None, 0) if value is None else cache.compiled(value)


def _device(device: ConfigPart) -> DeviceNode:
    path, kind = device.text("path") or "", device.text("type") or ""
    major, minor = device.number("major", 0, 2**32 - 1), device.number("minor", 0, 2**32 - 1)
    mode = device.number("fileMode", 0, 0o7777)
    uid, gid = device.number("uid", 0, _NO_ID - 1), device.number("gid", 0, _NO_ID - 1)
    device.end()
    parts = path.split("/")
    if not is_plain_path(path) or parts[1] != "dev" or not all(parts[2:]) or len(parts) < 3 or parts[2] in _TAKEN:
        raise device.wrong("path", f"'{path}': devices are made beneath /dev only")
    if kind not in _KINDS or major is None or minor is None:
        raise device.wrong("type", f"'{kind}' is not supported" if kind not in _KINDS else "major and minor are needed")
    return DeviceNode(
        path=path.removeprefix("/dev/"),
        mode=_KINDS[kind] | (0o666 if mode is None else mode & 0o777),
        number=os.makedev(major, minor),
        uid=uid or 0,
        gid=gid or 0,
    )


_TAKEN = ("pts", "shm", "mqueue", "fd", "stdin", "stdout", "stderr", "core", "ptmx", "console", ".", "..")


def _sysctls(part: ConfigPart) -> tuple[tuple[str, str], ...]:
    found = []
    for name in part.names():
        value = part.text(name)
        area, _, rest = name.replace("/", ".").partition(".")
        own = area == "net" or (area == "kernel" and rest in (*_IPC, "domainname")) or rest.startswith("mqueue.")
        if (
            not own
            or ".." in name
            or "" in name.replace("/", ".").split(".")
            or (rest[:6] == "mqueue" and area != "fs")
        ):
            raise part.wrong(name, "belongs to no namespace of the container: it would be the host's")
        found.append((name, value or ""))
    return tuple(found)


def _paths(linux: ConfigPart, field: str) -> tuple[str, ...]:
    paths = linux.texts(field)
    for path in paths:
        if not is_plain_path(path) or not path.strip("/"):
            raise linux.wrong(field, f"'{path}' is not an absolute path below '/'")
    return paths


def _personality(part: ConfigPart) -> int | None:
    domain = part.text("domain")
    part.refuse("flags")
    part.end()
    if domain is not None and domain not in _PERSONALITIES:
        raise part.wrong("domain", f"'{domain}' is not known")
    return None if domain is None else _PERSONALITIES[domain]

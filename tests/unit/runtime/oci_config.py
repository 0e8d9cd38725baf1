"""A config.json like Docker's, and changes to it, for the tests of bundles."""

import copy
from typing import Any

CAPS = "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL"
ROOT_CAPS = [f"CAP_{name}" for name in [*CAPS.split(), "AUDIT_WRITE"]]


def base(root: str) -> dict[str, Any]:
    """A config.json of the kind that Docker writes."""
    locked = ["nosuid", "noexec", "nodev"]
    return {
        "ociVersion": "1.2.0",
        "process": {
            "args": ["sh", "-c", "true"],
            "cwd": "/",
            "env": ["PATH=/bin"],
            "user": {"uid": 0, "gid": 0},
            "capabilities": {name: list(ROOT_CAPS) for name in ("bounding", "effective", "permitted")},
        },
        "root": {"path": root},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc", "options": locked},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*locked, "ro"]},
        ],
        "linux": {"namespaces": [{"type": kind} for kind in ("mount", "pid", "ipc", "uts", "network")]},
    }


def changed(config: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy with values at their dotted places; "mounts+" adds to a list."""
    found = copy.deepcopy(config)
    for place, value in changes.items():
        *parents, last = place.split(".")
        here = found
        for name in parents:
            here = here.setdefault(name, {})
        if last.endswith("+"):
            here.setdefault(last[:-1], []).extend(value)
        elif value is None:
            here.pop(last, None)
        else:
            here[last] = value
    return found


ONE = {"containerID": 0, "hostID": 100000, "size": 65536}
NAMESPACES = [{"type": kind} for kind in ("mount", "pid", "ipc", "uts", "network")]
USER = {"linux.namespaces": [*NAMESPACES, {"type": "user"}], "linux.uidMappings": [ONE], "linux.gidMappings": [ONE]}


def bind(**more: Any) -> dict[str, Any]:
    return {"mounts+": [{"destination": "/m", "type": "bind", "source": "/etc", "options": ["rbind", "ro"]} | more]}


def tmpfs(*options: str) -> dict[str, Any]:
    return {"mounts+": [{"destination": "/m", "type": "tmpfs", "source": "tmpfs", "options": list(options)}]}


def sets(**more: list[str]) -> dict[str, Any]:
    empty: dict[str, list[str]] = {
        name: [] for name in ("bounding", "effective", "permitted", "inheritable", "ambient")
    }
    return {"process.capabilities": empty | more, "process.user": {"uid": 1000, "gid": 1000}}


def profile(**more: Any) -> dict[str, Any]:
    rule = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77}
    return {"linux.seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]} | more}


def resources(kind: str, **fields: Any) -> dict[str, Any]:
    return {f"linux.resources.{kind}": fields}


HOOKS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
FUSE = {"path": "/dev/net/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o640, "uid": 3, "gid": 4}
LIMIT = {"type": "RLIMIT_NOFILE", "soft": 77, "hard": 99}
THROTTLE = [{"major": 8, "minor": 0, "rate": 1024}]
ARGS = [{"index": 0, "value": 16, "op": "SCMP_CMP_EQ"}]
SOCKET = {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77, "args": ARGS}

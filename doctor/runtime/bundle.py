"""An OCI bundle's config.json, as far as `run` goes with it: process, root, mounts of the host, hostname, limits."""

import json
import os

from doctor.runtime.reader import Reader, bad

_MAX_BYTES = 16 << 20
_KERNEL_MOUNTS = {"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"}


def spec_from(directory: str) -> dict[str, object]:
    """The fields of a container for a bundle directory. Raises Failure (2) if it can't be read or meant.

    What the runtime decides itself (namespaces, masks, seccomp, devices, hooks) is not taken from it. OCI runtime
    specification 1.2, config.md.
    """
    path = os.path.join(directory, "config.json")
    try:
        with open(path, "rb") as source:
            config = json.loads(source.read(_MAX_BYTES))
    except OSError as error:
        raise bad(f"can't read '{path}': {(error.strerror or '').lower()}") from None
    except (ValueError, RecursionError) as error:
        raise bad(f"can't parse '{path}': {error}") from None
    if not isinstance(config, dict):
        raise bad(f"'{path}' is no JSON object")
    process, root = _part(config, "process"), _part(config, "root")
    where = Reader(root, f"{path}: root").text("path") or "rootfs"
    spec: dict[str, object] = {
        "rootfs": os.path.join(os.path.abspath(directory), where),
        "readonly": root.get("readonly", False),
        "command": process.get("args", []),
        "env": process.get("env", []),
        "cwd": process.get("cwd", "/"),
        "volumes": _volumes(config, directory),
    }
    user = _part(process, "user")
    spec["user"] = f"{user.get('uid', 0)}:{user.get('gid', 0)}"
    if isinstance(config.get("hostname"), str):
        spec["hostname"] = config["hostname"]
    return spec | _limits(config) | _caps(process)


def _part(source: dict[str, object], name: str) -> dict[str, object]:
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def _volumes(config: dict[str, object], directory: str) -> list[object]:
    found: list[object] = []
    mounts = config.get("mounts")
    for mount in mounts if isinstance(mounts, list) else []:
        options = mount.get("options") if isinstance(mount, dict) else None
        if not isinstance(mount, dict) or mount.get("type") in _KERNEL_MOUNTS:
            continue
        options = options if isinstance(options, list) else []
        if mount.get("type") == "bind" or "bind" in options or "rbind" in options:
            source = os.path.join(os.path.abspath(directory), str(mount.get("source", "")))
            found.append({"source": source, "target": mount.get("destination"), "readonly": "ro" in options})
    return found


def _limits(config: dict[str, object]) -> dict[str, object]:
    resources = _part(_part(config, "linux"), "resources")
    found: dict[str, object] = {}
    memory, pids, cpu = (_part(resources, name) for name in ("memory", "pids", "cpu"))
    limit, most = memory.get("limit"), pids.get("limit")
    if isinstance(limit, int) and limit > 0:
        found["memory_bytes"] = limit
    if isinstance(most, int) and most > 0:
        found["pids"] = most
    quota, period = cpu.get("quota"), cpu.get("period")
    if isinstance(quota, int) and isinstance(period, int) and quota > 0 and period > 0:
        found["cpus"] = quota / period
    return found


def _caps(process: dict[str, object]) -> dict[str, object]:
    bounding = _part(process, "capabilities").get("bounding")
    return {"caps": bounding} if isinstance(bounding, list) else {}

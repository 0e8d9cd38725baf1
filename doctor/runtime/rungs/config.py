"""The config.json of a test container, as the engine writes it for `docker run`."""

from typing import Any

from doctor import own_file
from doctor.runtime.plan.container import DEFAULT_CAPS
from doctor.runtime.rungs import elf

_CALLS = f"{__file__.rpartition('/rungs/')[0]}/seccomp/syscalls.tsv"
_ALLOWED = frozenset({"allow", "known-personality", "no-vsock", "rule"})
_ARCHITECTURES = {
    "x86_64": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    "aarch64": ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
}
ENTRY = "/doctor-start"
"""The program's path in the container."""
_CAPABILITIES = [f"CAP_{name}" for name in DEFAULT_CAPS]
_MASKED = [
    "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
    "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
]  # fmt: skip
_READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
_MOUNTS: list[dict[str, Any]] = [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {
        "destination": "/dev",
        "type": "tmpfs",
        "source": "tmpfs",
        "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    {
        "destination": "/dev/pts",
        "type": "devpts",
        "source": "devpts",
        "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    {
        "destination": "/sys/fs/cgroup",
        "type": "cgroup",
        "source": "cgroup",
        "options": ["ro", "nosuid", "noexec", "nodev"],
    },
    {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
    {
        "destination": "/dev/shm",  # noqa: S108 - a mount of the container
        "type": "tmpfs",
        "source": "shm",
        "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=67108864"],
    },
]
_DEVICES: list[dict[str, Any]] = [{"allow": False, "access": "rwm"}] + [
    {"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"}
    for major, minor in ((1, 5), (1, 3), (1, 9), (1, 8), (5, 0), (5, 1))
]


def config(*, root: str, program: str, group: str, given: dict[str, Any]) -> dict[str, Any]:
    """The object; `given` is what the rung was asked (`doctor.runtime.rungs.runtime.attempt`)."""
    # A bind mount that is made read-only drops the noexec of /run: Debian mounts it so.
    entry = {"destination": ENTRY, "type": "bind", "source": program, "options": ["rbind", "rprivate", "ro"]}
    names = ["mount", "uts", "pid", "ipc", "network", *(["cgroup"] if given.get("cgroup_namespace") else [])]
    linux: dict[str, Any] = {
        "cgroupsPath": group,
        "namespaces": [{"type": name} for name in names],
        "resources": {"devices": _DEVICES, "memory": {}, "cpu": {"shares": 0}, "blockIO": {"weight": 0}},
        "maskedPaths": _MASKED,
        "readonlyPaths": _READ_ONLY,
    }
    seccomp = given.get("seccomp")
    if seccomp is None:
        linux["seccomp"] = default_seccomp()
    elif seccomp:
        linux["seccomp"] = seccomp
    return {
        "ociVersion": "1.0.2",
        "process": _process(given),
        "root": {"path": root},
        "hostname": "doctor",
        "mounts": [*_MOUNTS, entry],
        "linux": linux,
    }


def default_seccomp() -> dict[str, Any]:
    """The engine's default profile for the default capabilities, so that libseccomp has the same work."""
    rules = [line.split("\t")[:2] for line in own_file(_CALLS).decode().splitlines() if not line.startswith("#")]
    allow, errno = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
    # clone without a new namespace
    mask = {"index": 0, "value": 0x7E020000, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}
    return {
        "defaultAction": errno,
        "defaultErrnoRet": 1,
        "architectures": _ARCHITECTURES.get(elf.machine(), []),
        "syscalls": [
            {"names": [name for name, rule in rules if rule in _ALLOWED], "action": allow},
            {"names": ["clone"], "action": allow, "args": [mask]},
            {"names": ["clone3"], "action": errno, "errnoRet": 38},
        ],
    }


def _process(given: dict[str, Any]) -> dict[str, Any]:
    process: dict[str, Any] = {
        "user": {"uid": 0, "gid": 0},
        "args": [ENTRY],
        "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=doctor"],
        "cwd": "/",
        "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), _CAPABILITIES),
        "oomScoreAdj": 0,
    }
    if given.get("apparmor"):
        process["apparmorProfile"] = given["apparmor"]
    if given.get("rlimits"):
        process["rlimits"] = given["rlimits"]
    return process

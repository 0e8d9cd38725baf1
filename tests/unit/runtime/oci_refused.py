"""Properties and values of a config.json that the runtime refuses, with the name that its message must have."""

from typing import Any, NamedTuple

from tests.unit.runtime.oci_config import (
    FUSE,
    HOOKS,
    LIMIT,
    NAMESPACES,
    ONE,
    SOCKET,
    USER,
    bind,
    profile,
    resources,
    sets,
    tmpfs,
)

THROTTLE = [{"major": 8, "minor": 0, "rate": 1024}]


class Refused(NamedTuple):
    """`changes` are made to the base config; the message has `name` in it."""

    changes: dict[str, Any]
    name: str


REFUSED: dict[str, Refused] = {
    **{name: Refused({name: {"a": 1}}, name) for name in ("solaris", "windows", "vm", "zos", "freebsd")},
    **{f"hooks.{kind}": Refused({f"hooks.{kind}": [{"path": "/bin/true"}]}, f"hooks.{kind}[0]") for kind in HOOKS},
    **{
        f"hooks.{kind}[].{field}": Refused({f"hooks.{kind}": [{"path": "/bin/true", field: value}]}, f"hooks.{kind}[0]")
        for kind in HOOKS
        for field, value in (("path", "/bin/false"), ("args", ["x"]), ("env", ["A=b"]), ("timeout", 3))
    },
    "mounts[].uidMappings": Refused(bind(uidMappings=[ONE]), "mounts[2].uidMappings"),
    "mounts[].gidMappings": Refused(bind(gidMappings=[ONE]), "mounts[2].gidMappings"),
    **{
        f"mounts[].{which}[].{field}": Refused(bind(**{which: [ONE]}), f"mounts[2].{which}")
        for which in ("uidMappings", "gidMappings")
        for field in ("containerID", "hostID", "size")
    },
    "process.commandLine": Refused({"process.commandLine": "cmd.exe"}, "process.commandLine"),
    "process.user.username": Refused({"process.user.username": "Administrator"}, "process.user.username"),
    "process.scheduler": Refused({"process.scheduler": {"policy": "SCHED_OTHER"}}, "process.scheduler"),
    **{
        f"process.scheduler.{field}": Refused(
            {"process.scheduler": {"policy": "SCHED_OTHER", field: value}}, "process.scheduler"
        )
        for field, value in (
            *(("policy", "SCHED_FIFO"), ("nice", 3), ("priority", 3), ("flags", ["SCHED_FLAG_RECLAIM"])),
            *(("runtime", 1), ("deadline", 1), ("period", 1)),
        )
    },
    "process.execCPUAffinity": Refused({"process.execCPUAffinity": {"initial": "0"}}, "process.execCPUAffinity"),
    "process.execCPUAffinity.initial": Refused(
        {"process.execCPUAffinity": {"initial": "0"}}, "process.execCPUAffinity"
    ),
    "process.execCPUAffinity.final": Refused({"process.execCPUAffinity": {"final": "0"}}, "process.execCPUAffinity"),
    "linux.netDevices": Refused({"linux.netDevices": {"eth0": {"name": "x"}}}, "linux.netDevices"),
    "linux.resources.unified": Refused({"linux.resources.unified": {"memory.high": "1"}}, "linux.resources.unified"),
    "linux.resources.unified.*": Refused({"linux.resources.unified": {"io.weight": "1"}}, "linux.resources.unified"),
    **{
        f"linux.resources.blockIO.{field}": Refused(
            {f"linux.resources.blockIO.{field}": value}, f"linux.resources.blockIO.{field}"
        )
        for field, value in (
            *(("weight", 100), ("leafWeight", 100), ("throttleReadBpsDevice", THROTTLE)),
            *(("throttleWriteBpsDevice", THROTTLE), ("throttleReadIOPSDevice", THROTTLE)),
            *(("throttleWriteIOPSDevice", THROTTLE), ("weightDevice", [{"major": 8, "minor": 0, "weight": 10}])),
        )
    },
    **{
        f"linux.resources.blockIO.{kind}[].{field}": Refused(
            {f"linux.resources.blockIO.{kind}": [{"major": 8, "minor": 0, field: 10}]},
            f"linux.resources.blockIO.{kind}",
        )
        for kind, fields in (
            *(
                (f"throttle{what}Device", ("major", "minor", "rate"))
                for what in ("ReadBps", "WriteBps", "ReadIOPS", "WriteIOPS")
            ),
            ("weightDevice", ("major", "minor", "weight", "leafWeight")),
        )
        for field in fields
    },
    **{
        f"linux.resources.cpu.{field}": Refused({f"linux.resources.cpu.{field}": 1000}, f"linux.resources.cpu.{field}")
        for field in ("burst", "realtimePeriod", "realtimeRuntime", "idle")
    },
    **{
        name: Refused(
            {"linux.resources.hugepageLimits": [{"pageSize": "2MB", "limit": 1}]}, "linux.resources.hugepageLimits"
        )
        for name in (
            "linux.resources.hugepageLimits",
            "linux.resources.hugepageLimits[].pageSize",
            "linux.resources.hugepageLimits[].limit",
        )
    },
    **{
        f"linux.resources.memory.{field}": Refused(
            {f"linux.resources.memory.{field}": value}, f"linux.resources.memory.{field}"
        )
        for field, value in (
            *(("kernel", 1 << 20), ("kernelTCP", 1 << 20), ("swappiness", 0)),
            *(("disableOOMKiller", True), ("checkBeforeUpdate", True)),
        )
    },
    "linux.resources.network.classID": Refused(
        {"linux.resources.network.classID": 1}, "linux.resources.network.classID"
    ),
    **{
        f"linux.resources.network.priorities{rest}": Refused(
            {"linux.resources.network.priorities": [{"name": "eth0", "priority": 1}]},
            "linux.resources.network.priorities",
        )
        for rest in ("", "[].name", "[].priority")
    },
    "linux.resources.rdma": Refused({"linux.resources.rdma": {"mlx5": {"hcaHandles": 1}}}, "linux.resources.rdma"),
    "linux.seccomp.listenerPath": Refused(profile(listenerPath="/run/x.sock"), "linux.seccomp.listenerPath"),
    "linux.seccomp.listenerMetadata": Refused(profile(listenerMetadata="x"), "linux.seccomp.listenerMetadata"),
    "linux.mountLabel": Refused({"linux.mountLabel": "system_u:object_r:x"}, "linux.mountLabel"),
    "linux.intelRdt": Refused({"linux.intelRdt": {"closID": "x"}}, "linux.intelRdt"),
    **{
        f"linux.intelRdt.{field}": Refused({"linux.intelRdt": {field: value}}, "linux.intelRdt")
        for field, value in (
            *(("closID", "x"), ("schemata", ["L3:0=f"]), ("l3CacheSchema", "L3:0=f")),
            *(("memBwSchema", "MB:0=10"), ("enableMonitoring", True)),
        )
    },
    "linux.memoryPolicy": Refused({"linux.memoryPolicy": {"mode": "MPOL_BIND"}}, "linux.memoryPolicy"),
    **{
        f"linux.memoryPolicy.{field}": Refused({"linux.memoryPolicy": {field: value}}, "linux.memoryPolicy")
        for field, value in (("mode", "MPOL_BIND"), ("nodes", "0"), ("flags", ["MPOL_F_STATIC_NODES"]))
    },
    "linux.personality.flags": Refused(
        {"linux.personality": {"domain": "LINUX", "flags": ["x"]}}, "linux.personality.flags"
    ),
    "linux.timeOffsets": Refused({"linux.timeOffsets": {"boottime": {"secs": 1}}}, "linux.timeOffsets"),
    **{
        f"linux.timeOffsets.{clock}{rest}": Refused(
            {"linux.timeOffsets": {clock: {"secs": 1, "nanosecs": 1}}}, "linux.timeOffsets"
        )
        for clock in ("boottime", "monotonic")
        for rest in ("", ".secs", ".nanosecs")
    },
}

# Values of properties that are carried out otherwise, which this runtime can't give: refused too, never weakened.
REFUSED_VALUES: dict[str, Refused] = {
    "another version": Refused({"ociVersion": "2.0.0"}, "ociVersion"),
    "no version": Refused({"ociVersion": None}, "ociVersion"),
    "acting annotation": Refused({"annotations": {"run.oci.handler": "krun"}}, "run.oci.handler"),
    "apparmor": Refused({"process.apparmorProfile": "docker-default"}, "process.apparmorProfile"),
    "selinux": Refused({"process.selinuxLabel": "system_u:x"}, "process.selinuxLabel"),
    "relative cwd": Refused({"process.cwd": "tmp"}, "process.cwd"),
    "no cwd": Refused({"process.cwd": None}, "process.cwd"),
    "odd env": Refused({"process.env": ["A"]}, "process.env"),
    "unknown cap": Refused(sets(bounding=["CAP_FLY"]), "process.capabilities.bounding"),
    "effective beyond permitted": Refused(sets(effective=["CAP_KILL"]), "process.capabilities.effective"),
    "ambient beyond inheritable": Refused(
        sets(permitted=["CAP_KILL"], ambient=["CAP_KILL"]), "process.capabilities.ambient"
    ),
    "unknown rlimit": Refused({"process.rlimits": [LIMIT | {"type": "RLIMIT_FLY"}]}, "process.rlimits[0].type"),
    "rlimit twice": Refused({"process.rlimits": [LIMIT, LIMIT]}, "process.rlimits[1].type"),
    "soft over hard": Refused({"process.rlimits": [LIMIT | {"soft": 100}]}, "process.rlimits[0].soft"),
    "huge uid": Refused({"process.user.uid": 2**32}, "process.user.uid"),
    "root of two dots": Refused({"root.path": "../x"}, "root.path"),
    "no root": Refused({"root": None}, "root.path"),
    "privileged devices": Refused(
        {"linux.resources.devices": [{"allow": True, "access": "rwm"}]}, "linux.resources.devices[0].allow"
    ),
    "null denied": Refused(
        {"linux.resources.devices": [{"allow": False, "type": "c", "major": 1, "minor": 3, "access": "w"}]},
        "linux.resources.devices[0].allow",
    ),
    "device outside /dev": Refused({"linux.devices": [FUSE | {"path": "/etc/fuse"}]}, "linux.devices[0].path"),
    "device over a terminal": Refused({"linux.devices": [FUSE | {"path": "/dev/pts/7"}]}, "linux.devices[0].path"),
    "fifo device": Refused({"linux.devices": [FUSE | {"type": "p"}]}, "linux.devices[0].type"),
    "device in a user namespace": Refused(USER | {"linux.devices": [FUSE]}, "linux.devices"),
    "host pid": Refused({"linux.namespaces": [{"type": "mount"}]}, "linux.namespaces"),
    "joined pid": Refused(
        {"linux.namespaces": [*NAMESPACES[:1], {"type": "pid", "path": "/proc/1/ns/pid"}]}, "namespaces[1].path"
    ),
    "time namespace": Refused({"linux.namespaces": [*NAMESPACES, {"type": "time"}]}, "linux.namespaces[5].type"),
    "namespace twice": Refused({"linux.namespaces": [*NAMESPACES, {"type": "pid"}]}, "linux.namespaces[5].type"),
    "user namespace without ids": Refused({"linux.namespaces": [*NAMESPACES, {"type": "user"}]}, "linux.uidMappings"),
    "ids without user namespace": Refused({"linux.uidMappings": [ONE]}, "linux.uidMappings"),
    "root stays root": Refused(
        USER | {"linux.uidMappings": [ONE | {"hostID": 0}], "linux.gidMappings": [ONE | {"hostID": 0}]},
        "linux.uidMappings",
    ),
    "two ranges": Refused(USER | {"linux.uidMappings": [ONE, ONE | {"containerID": 65536}]}, "linux.uidMappings"),
    "different ranges": Refused(USER | {"linux.gidMappings": [ONE | {"hostID": 7000}]}, "linux.gidMappings"),
    "limited parent group": Refused({"linux.cgroupsPath": "/limited/of/x"}, "linux.cgroupsPath"),
    "shared mounts": Refused({"linux.rootfsPropagation": "shared"}, "linux.rootfsPropagation"),
    "sysctl of the host": Refused({"linux.sysctl": {"kernel.core_pattern": "|/x"}}, "linux.sysctl.kernel.core_pattern"),
    "sysctl that climbs": Refused({"linux.sysctl": {"net/../kernel/core_pattern": "x"}}, "linux.sysctl.net/../kernel"),
    "sysctl of the host's network": Refused(
        {"linux.namespaces": NAMESPACES[:4], "linux.sysctl": {"net.ipv4.ip_forward": "1"}},
        "linux.sysctl.net.ipv4.ip_forward",
    ),
    "relative masked path": Refused({"linux.maskedPaths": ["proc/kcore"]}, "linux.maskedPaths"),
    "writable sysfs": Refused(
        {"mounts": [{"destination": "/sys", "type": "sysfs", "options": ["nosuid"]}]}, "mounts[0].options"
    ),
    "proc elsewhere": Refused({"mounts": [{"destination": "/p", "type": "proc"}]}, "mounts[0].type"),
    "proc with an option": Refused(
        {"mounts": [{"destination": "/proc", "type": "proc", "options": ["ro"]}]}, "mounts[0].options"
    ),
    "another file system": Refused(
        {"mounts": [{"destination": "/m", "type": "ext4", "source": "/dev/vda"}]}, "mounts[0].type"
    ),
    "mount over the root": Refused(bind(destination="/"), "mounts[2].destination"),
    "mount that climbs": Refused(bind(destination="/a/../b"), "mounts[2].destination"),
    "source that climbs": Refused(bind(source="../../etc"), "mounts[2].source"),
    **{
        f"bind option {option}": Refused(bind(options=["rbind", option]), "mounts[2].options")
        for option in (
            "shared",
            "rslave",
            "unbindable",
            "idmap",
            "ridmap",
            "sync",
            "dirsync",
            "lazytime",
            "remount",
            "data=x",
        )
    },
    **{
        f"tmpfs option {option}": Refused(tmpfs(option), "mounts[2].options")
        for option in (
            "size=0",
            "nr_inodes=0",
            "nr_blocks=0k",
            "tmpcopyup",
            "mpol=bind:0",
            "size=1m,mpol=bind",
            "size=",
        )
    },
    "memory of nothing": Refused(resources("memory", limit=0), "linux.resources.memory.limit"),
    "swap below memory": Refused(resources("memory", limit=64 << 20, swap=1 << 20), "linux.resources.memory.swap"),
    "swap alone": Refused(resources("memory", swap=1 << 20), "linux.resources.memory.swap"),
    "no processes": Refused(resources("pids", limit=0), "linux.resources.pids.limit"),
    "period too short": Refused(resources("cpu", period=10, quota=5000), "linux.resources.cpu.period"),
    "traced": Refused(profile(defaultAction="SCMP_ACT_TRACE"), "linux.seccomp.defaultAction"),
    "notified": Refused(
        profile(syscalls=[{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]), "linux.seccomp.syscalls[0].action"
    ),
    "no default action": Refused({"linux.seccomp": {}}, "linux.seccomp.defaultAction"),
    "unknown call denied": Refused(
        profile(syscalls=[{"names": ["fly"], "action": "SCMP_ACT_ERRNO"}]), "linux.seccomp.syscalls[0].names"
    ),
    "call with two actions": Refused(
        profile(syscalls=[{"names": ["mkdir"], "action": action} for action in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRAP")]),
        "linux.seccomp.syscalls[1].names",
    ),
    "unknown architecture": Refused(profile(architectures=["SCMP_ARCH_Z80"]), "linux.seccomp.architectures"),
    "unknown operator": Refused(
        profile(syscalls=[SOCKET | {"args": [{"index": 0, "value": 1, "op": "LIKE"}]}]),
        "linux.seccomp.syscalls[0].args[0].op",
    ),
    "seventh argument": Refused(
        profile(syscalls=[SOCKET | {"args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]),
        "linux.seccomp.syscalls[0].args[0].index",
    ),
    "unknown personality": Refused({"linux.personality": {"domain": "BSD"}}, "linux.personality.domain"),
}

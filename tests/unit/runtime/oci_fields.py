"""Every property of the OCI runtime specification's config.json (1.3, its JSON schemas): is it carried out, or refused?

`CARRIED` has what to ask for, a shell script for the container, and what it then prints; `REFUSED` has what to ask for and the
name that the message must have. `UNSEEN` is carried out by the runtime where no program inside could see it.
"""

import copy
from typing import Any, NamedTuple

CAPS = "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL"
ROOT_CAPS = [f"CAP_{name}" for name in [*CAPS.split(), "AUDIT_WRITE"]]


class Carried(NamedTuple):
    """`changes` are made to the base config; `script` prints `expected` (a regular expression) in the container."""

    changes: dict[str, Any]
    script: str
    expected: str


class Refused(NamedTuple):
    """`changes` are made to the base config; the message has `name` in it."""

    changes: dict[str, Any]
    name: str


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
MAP = Carried(USER, "cat /proc/self/uid_map /proc/self/gid_map", r"^ *0 +100000 +65536\n *0 +100000 +65536$")


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


MOUNTS = "grep ' /m ' /proc/self/mountinfo"
BITS = "grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status"
MKDIR = "mkdir /tmp/x 2>&1"
DENIED = "in bad state"  # EBADFD, 77
CGROUP = "cat /sys/fs/cgroup/{0}/{1} /sys/fs/cgroup/{1} 2>/dev/null"
NET_RAW = {"c": 1 << 13}
HOOKS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
FUSE = {"path": "/dev/net/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o640, "uid": 3, "gid": 4}
NODE = Carried(
    {"linux.devices": [FUSE]},
    "busybox stat -c '%F %t:%T %a %u:%g' /dev/net/fuse",
    "^character special file a:e5 640 3:4$",
)
RULE = Carried(
    {
        "linux.devices": [{"path": "/dev/kmsg2", "type": "c", "major": 1, "minor": 11}],
        "linux.resources.devices": [
            {"allow": False, "access": "rwm"},
            {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "r"},
        ],
    },
    "busybox timeout 1 dd if=/dev/kmsg2 of=/dev/null bs=8192 count=1 2>/dev/null; echo read $?; echo x >/dev/kmsg2 || echo no",
    "read [01]\n(.*\n)*no$",
)
LIMIT = {"type": "RLIMIT_NOFILE", "soft": 77, "hard": 99}
THROTTLE = [{"major": 8, "minor": 0, "rate": 1024}]
ARGS = [{"index": 0, "value": 16, "op": "SCMP_CMP_EQ"}]
SOCKET = {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77, "args": ARGS}
NETLINK = Carried(
    {"linux.seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [SOCKET]}},
    "busybox ip link 2>&1; busybox wget -qO- http://127.0.0.1:1 2>&1",
    "(?s)in bad state.*refused",
)

CARRIED: dict[str, Carried] = {
    "hostname": Carried({"hostname": "named"}, "hostname || busybox hostname", "^named$"),
    "domainname": Carried({"domainname": "d.example"}, "cat /proc/sys/kernel/domainname", r"^d\.example$"),
    "mounts": Carried(bind(), MOUNTS, " /m "),
    "mounts[].destination": Carried(
        bind(destination="/deep/er"), "cat /deep/er/hostname >/dev/null && echo seen", "^seen$"
    ),
    "mounts[].source": Carried(
        bind(source="/etc/hostname", destination="/f"), "busybox stat -c %F /f", "^regular file$"
    ),
    "mounts[].type": Carried(tmpfs("size=8k"), MOUNTS, "- tmpfs .*size=8k"),
    "mounts[].options": Carried(
        bind(options=["rbind", "ro", "nosuid", "nodev", "noexec", "noatime"]), MOUNTS, "ro,nosuid,nodev,noexec,noatime"
    ),
    "root.path": Carried({}, "ls /bin/busybox", "^/bin/busybox$"),
    "root.readonly": Carried({"root.readonly": True}, "mkdir /made 2>&1", "ead-only"),
    "process.args": Carried({}, "echo ran", "^ran$"),
    "process.cwd": Carried({"process.cwd": "/tmp"}, "pwd", "^/tmp$"),
    "process.env": Carried({"process.env": ["PATH=/bin", "A=b c"]}, 'echo "$A"', "^b c$"),
    "process.terminal": Carried({"process.terminal": True}, "busybox tty", "^/dev/(pts/0|console)"),
    "process.consoleSize": Carried(
        {"process.terminal": True, "process.consoleSize": {"height": 33, "width": 77}}, "busybox stty size", "^33 77"
    ),
    "process.consoleSize.height": Carried(
        {"process.terminal": True, "process.consoleSize": {"height": 21, "width": 77}}, "busybox stty size", "^21 77"
    ),
    "process.consoleSize.width": Carried(
        {"process.terminal": True, "process.consoleSize": {"height": 33, "width": 99}}, "busybox stty size", "^33 99"
    ),
    "process.user": Carried({"process.user": {"uid": 7, "gid": 8}}, "id", "uid=7 gid=8"),
    "process.user.uid": Carried({"process.user.uid": 77}, "id", "uid=77 gid=0"),
    "process.user.gid": Carried({"process.user.gid": 78}, "id", "gid=78"),
    "process.user.umask": Carried({"process.user.umask": 0o77}, "umask", "^0*77$"),
    "process.user.additionalGids": Carried(
        {"process.user.additionalGids": [5, 6]}, "grep Groups /proc/self/status", r"^Groups:\s+5 6 $"
    ),
    "process.capabilities": Carried(sets(), BITS, "CapBnd:\t0000000000000000"),
    "process.capabilities.bounding": Carried(sets(bounding=["CAP_NET_RAW"]), BITS, "CapBnd:\t0000000000002000"),
    "process.capabilities.permitted": Carried(
        {"process.capabilities": {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"]}},
        BITS,
        "CapPrm:\t0000000000000020",
    ),
    "process.capabilities.effective": Carried(
        {"process.capabilities": {name: ["CAP_KILL"] for name in ("bounding", "permitted", "effective")}},
        BITS,
        "CapEff:\t0000000000000020",
    ),
    "process.capabilities.inheritable": Carried(
        sets(bounding=["CAP_KILL"], permitted=["CAP_KILL"], inheritable=["CAP_KILL"]), BITS, "CapInh:\t0000000000000020"
    ),
    "process.capabilities.ambient": Carried(
        sets(**{name: ["CAP_KILL"] for name in ("bounding", "permitted", "inheritable", "ambient")}),
        BITS,
        "CapAmb:\t0000000000000020",
    ),
    "process.oomScoreAdj": Carried({"process.oomScoreAdj": 321}, "cat /proc/self/oom_score_adj", "^321$"),
    "process.ioPriority": Carried(
        {"process.ioPriority": {"class": "IOPRIO_CLASS_IDLE"}}, "busybox ionice -p 1", "^idle"
    ),
    "process.ioPriority.class": Carried(
        {"process.ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 1}}, "busybox ionice -p 1", "^realtime: prio 1"
    ),
    "process.ioPriority.priority": Carried(
        {"process.ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6}},
        "busybox ionice -p 1",
        "^best-effort: prio 6",
    ),
    "process.noNewPrivileges": Carried(
        {"process.noNewPrivileges": True}, "grep NoNewPrivs /proc/self/status", r"^NoNewPrivs:\s1$"
    ),
    "process.rlimits": Carried({"process.rlimits": [LIMIT]}, "ulimit -Sn; ulimit -Hn", "^77\n99$"),
    "process.rlimits[].type": Carried(
        {"process.rlimits": [LIMIT | {"type": "RLIMIT_CORE"}]}, "grep 'core file' /proc/self/limits", " 77 +99 "
    ),
    "process.rlimits[].soft": Carried({"process.rlimits": [LIMIT | {"soft": 55}]}, "ulimit -Sn", "^55$"),
    "process.rlimits[].hard": Carried({"process.rlimits": [LIMIT | {"hard": 88}]}, "ulimit -Hn", "^88$"),
    "linux.devices": NODE,
    "linux.devices[].type": Carried(
        {"linux.devices": [FUSE | {"type": "b"}]}, "busybox stat -c %F /dev/net/fuse", "^block special file$"
    ),
    **{f"linux.devices[].{name}": NODE for name in ("path", "fileMode", "major", "minor", "uid", "gid")},
    "linux.uidMappings": MAP,
    "linux.gidMappings": MAP,
    **{
        f"linux.{which}[].{name}": MAP
        for which in ("uidMappings", "gidMappings")
        for name in ("containerID", "hostID", "size")
    },
    "linux.namespaces": Carried({}, "busybox ps | busybox wc -l; ls /sys/class/net", "^[2-6]\nlo$"),
    "linux.namespaces[].type": Carried({}, "ls /sys/class/net", "^lo$"),
    "linux.namespaces[].path": Carried(
        {"linux.namespaces": [*NAMESPACES[:4], {"type": "network", "path": "/proc/PROCESS/ns/net"}]},
        "readlink /proc/self/ns/net",
        "^HOSTNET$",
    ),
    "linux.resources": Carried(resources("pids", limit=33), CGROUP.format("pids", "pids.max"), "^33$"),
    "linux.resources.pids": Carried(resources("pids", limit=34), CGROUP.format("pids", "pids.max"), "^34$"),
    "linux.resources.pids.limit": Carried(resources("pids", limit=35), CGROUP.format("pids", "pids.max"), "^35$"),
    "linux.resources.devices": RULE,
    **{f"linux.resources.devices[].{name}": RULE for name in ("allow", "type", "major", "minor", "access")},
    "linux.resources.memory": Carried(
        resources("memory", limit=64 << 20), CGROUP.format("memory", "memory.limit_in_bytes"), f"^{64 << 20}$"
    ),
    "linux.resources.memory.limit": Carried(
        resources("memory", limit=65 << 20), CGROUP.format("memory", "memory.limit_in_bytes"), f"^{65 << 20}$"
    ),
    "linux.resources.memory.reservation": Carried(
        resources("memory", reservation=32 << 20),
        CGROUP.format("memory", "memory.soft_limit_in_bytes"),
        f"^{32 << 20}$",
    ),
    "linux.resources.memory.swap": Carried(
        resources("memory", limit=64 << 20, swap=96 << 20),
        CGROUP.format("memory", "memory.memsw.limit_in_bytes") + " || echo none",
        f"^({96 << 20}|none)$",
    ),
    "linux.resources.cpu": Carried(
        resources("cpu", quota=50000, period=100000), CGROUP.format("cpu", "cpu.cfs_quota_us"), "^50000$"
    ),
    "linux.resources.cpu.quota": Carried(
        resources("cpu", quota=30000, period=60000), CGROUP.format("cpu", "cpu.cfs_quota_us"), "^30000$"
    ),
    "linux.resources.cpu.period": Carried(
        resources("cpu", quota=30000, period=60000), CGROUP.format("cpu", "cpu.cfs_period_us"), "^60000$"
    ),
    "linux.resources.cpu.shares": Carried(resources("cpu", shares=300), CGROUP.format("cpu", "cpu.shares"), "^300$"),
    "linux.resources.cpu.cpus": Carried(
        resources("cpu", cpus="0"), "grep Cpus_allowed_list /proc/self/status", r"^Cpus_allowed_list:\s0$"
    ),
    "linux.resources.cpu.mems": Carried(
        resources("cpu", mems="0"), "grep Mems_allowed_list /proc/self/status", r"^Mems_allowed_list:\s0$"
    ),
    "linux.seccomp": Carried(profile(), MKDIR, DENIED),
    "linux.seccomp.defaultAction": Carried(
        {"linux.seccomp": {"defaultAction": "SCMP_ACT_KILL_PROCESS"}}, "true; echo alive", "^$"
    ),
    "linux.seccomp.defaultErrnoRet": Carried(
        {"linux.seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 77}}, "echo alive", "^$"
    ),
    "linux.seccomp.flags": Carried(profile(flags=["SECCOMP_FILTER_FLAG_LOG"]), MKDIR, DENIED),
    "linux.seccomp.architectures": Carried(
        profile(architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]), MKDIR, DENIED
    ),
    "linux.seccomp.syscalls": Carried(profile(), MKDIR, DENIED),
    **{
        f"linux.seccomp.syscalls[].{name}": Carried(profile(), MKDIR, DENIED)
        for name in ("names", "action", "errnoRet")
    },
    "linux.seccomp.syscalls[].args": NETLINK,
    **{f"linux.seccomp.syscalls[].args[].{name}": NETLINK for name in ("index", "value", "op")},
    "linux.seccomp.syscalls[].args[].valueTwo": Carried(
        {
            "linux.seccomp": {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [
                    SOCKET | {"args": [{"index": 0, "value": 0x1F, "valueTwo": 16, "op": "SCMP_CMP_MASKED_EQ"}]}
                ],
            }
        },
        "busybox ip link 2>&1; busybox wget -qO- http://127.0.0.1:1 2>&1",
        "(?s)in bad state.*refused",
    ),
    "linux.sysctl": Carried({"linux.sysctl": {"kernel.msgmax": "7777"}}, "cat /proc/sys/kernel/msgmax", "^7777$"),
    "linux.sysctl.*": Carried(
        {"linux.sysctl": {"net.ipv4.ip_unprivileged_port_start": "3"}},
        "cat /proc/sys/net/ipv4/ip_unprivileged_port_start",
        "^3$",
    ),
    "linux.maskedPaths": Carried(
        {"linux.maskedPaths": ["/proc/version", "/etc/passwd", "/bin/nowhere", "/tmp"]},
        "cat /proc/version /etc/passwd; ls -d /tmp/*; echo x >/tmp/x; echo end",
        r"\Aend\Z",
    ),
    "linux.readonlyPaths": Carried(
        {"linux.readonlyPaths": ["/etc", "/proc/self"]},
        "echo x >/etc/new || echo no; echo x >/proc/1/comm || echo no",
        "^no\nno$",
    ),
    "linux.personality": Carried({"linux.personality": {"domain": "LINUX32"}}, "busybox uname -m", "^(i686|armv8l)$"),
    "linux.personality.domain": Carried(
        {"linux.personality": {"domain": "LINUX32"}}, "cat /proc/1/personality || busybox uname -m", "8|i686|armv8l"
    ),
}

# Applied, but not visible to a program inside.
UNSEEN = {
    "ociVersion": {"ociVersion": "1.0.2"},
    "hooks": {"hooks": {}},
    "annotations": {"annotations": {"a.b": "c"}},
    "annotations.*": {"annotations": {"a.b": "c"}},
    "process": {},
    "root": {},
    "linux": {},
    "process.apparmorProfile": {"process.apparmorProfile": "unconfined"},
    "process.selinuxLabel": {"process.selinuxLabel": ""},
    "linux.cgroupsPath": {"linux.cgroupsPath": "/docker/x"},
    "linux.rootfsPropagation": {"linux.rootfsPropagation": "rprivate"},
    "linux.resources.blockIO": {"linux.resources.blockIO": {}},
    "linux.resources.network": {"linux.resources.network": {}},
    "linux.resources.memory.useHierarchy": {"linux.resources.memory": {"useHierarchy": True}},
}

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

# Fields that show in every container.
SAME_BY_DEFAULT = ("linux.resources.cpu.mems",)  # of a host with one memory node

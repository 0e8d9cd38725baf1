"""Properties of the OCI runtime specification's config.json (1.3, its JSON schemas) that the runtime applies."""

from typing import Any, NamedTuple

from tests.unit.runtime.oci_config import (
    FUSE,
    LIMIT,
    NAMESPACES,
    SOCKET,
    USER,
    bind,
    profile,
    resources,
    sets,
    tmpfs,
)


class Carried(NamedTuple):
    """`changes` are made to the base config; `script` prints `expected` (a regular expression) in the container."""

    changes: dict[str, Any]
    script: str
    expected: str


MAP = Carried(USER, "cat /proc/self/uid_map /proc/self/gid_map", r"^ *0 +100000 +65536\n *0 +100000 +65536$")
MOUNTS = "grep ' /m ' /proc/self/mountinfo"
BITS = "grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status"
MKDIR = "mkdir /tmp/x 2>&1"
DENIED = "in bad state"  # EBADFD, 77
CGROUP = "cat /sys/fs/cgroup/{0}/{1} /sys/fs/cgroup/{1} 2>/dev/null"
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

# Fields that show in every container.
SAME_BY_DEFAULT = ("linux.resources.cpu.mems",)  # of a host with one memory node

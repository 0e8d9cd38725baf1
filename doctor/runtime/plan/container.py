"""The immutable plan of one container: everything decided before the first namespace is created."""

from doctor.runtime.base.frozen import dataclass

# moby/moby oci/caps/defaults.go: the fourteen that `docker run` leaves.
DEFAULT_CAPS = (
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
)
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootPlan:
    """Source of the root file system: layers, a directory, or (neither given) an empty tmpfs.

    Attributes:
        layers: directories of an overlay, topmost first, as overlayfs' lowerdir has them.
        layers_root: the base directory of all relative names, or None if they are absolute.
        upper, work: the overlay's writable directories; None: a tmpfs that is discarded with the container.
        directory: a root directory that is bind-mounted.
        readonly: the container may not write to its root.
    """

    layers: tuple[str, ...] = ()
    layers_root: str | None = None
    upper: str | None = None
    work: str | None = None
    directory: str | None = None
    readonly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A directory or file of the host bound into the container, or a new tmpfs; private propagation.

    Attributes:
        source: a path of the host, "" for a tmpfs.
        base: the directory of a relative source, which must stay inside it.
        flags: MOUNT_ATTR_* to set in addition to read-only.
        recursive: includes mounts beneath the source.
        data: options of a tmpfs.
    """

    source: str
    target: str
    readonly: bool = False
    base: str | None = None
    flags: int = 0
    recursive: bool = True
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """A port of the host forwarded to one of the container: rules are added, and removed afterwards.

    `chain` names a chain of nat and filter that the host's own rules jump to: only that one is then changed. `proxy`: a
    process holds the port meanwhile and answers on this host itself, also on 127.0.0.1.
    """

    host_port: int
    container_port: int
    protocol: str = "tcp"
    host_ip: str | None = None
    chain: str | None = None
    proxy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """The container's attachment to a bridge.

    Attributes:
        name: the bridge's interface name.
        address: the container's IPv4 address with its prefix, "172.17.0.5/16".
        gateway: the default route's next hop; None: no default route.
        create: create the bridge (with the gateway's address) if it is missing, and remove it afterwards.
        mtu: bytes, None for the kernel's default.
        mac: the container's hardware address, None for a random one.
        uplink: `name` is an interface of the host instead of a bridge: the container is attached behind it, as a
            neighbour on its link.
    """

    name: str
    address: str
    gateway: str | None = None
    create: bool = False
    mtu: int | None = None
    mac: str | None = None
    uplink: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NetPlan:
    """The network: kind "none", host, bridge, container (target: a batch id or a process id) or path (target: a
    file).
    """

    kind: str = "none"
    target: str = ""
    bridge: Bridge | None = None
    publish: tuple[Publish, ...] = ()
    masquerade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Resource limits; None means no limit.

    Attributes:
        memory_bytes, pids: as named.
        swap_bytes: memory and swap together, -1 without limit; None: no swap beside the memory.
        reserve_bytes: memory that the kernel leaves to the group under pressure.
        cpus: a share of processors (0.5, 2.0), of each period of `period_us`.
        shares: the weight among groups that compete, as version 1 counts it.
        cpuset: the processors and memory nodes, as the kernel's lists.
        devices: rules of allowed devices, None for the default ones.
    """

    memory_bytes: int | None = None
    swap_bytes: int | None = None
    reserve_bytes: int | None = None
    cpus: float | None = None
    period_us: int = 100_000
    shares: int | None = None
    cpuset: tuple[str, str] | None = None
    pids: int | None = None
    devices: "tuple[tuple[str, int | None, int | None, str], ...] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rlimit:
    """One setrlimit(2) value; `kind` is RLIMIT_* as a number."""

    kind: int
    soft: int
    hard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The process: a command line, or one of the runtime's own functions (which needs no file of host or image).

    Attributes:
        command: arguments, the first one is the program.
        builtin: the function's name; `args` are its arguments.
        env: "NAME=value" entries; HOME, HOSTNAME and PATH are added if missing.
        cwd: working directory inside, made if it is missing.
        user: as Docker's --user.
    """

    command: tuple[str, ...] = ()
    builtin: str | None = None
    args: dict[str, object] | None = None
    env: tuple[str, ...] = ()
    cwd: str = "/"
    user: str = ""
    terminal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """A directory of the host in which the overlay's writable directories are created, and removed afterwards.

    `files` (path, text) are a lower layer if the plan has no layers.
    """

    directory: str
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsernsRange:
    """Ids of a user namespace: 0 … count - 1 inside are first … first + count - 1 of the host, users and groups alike."""

    first: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The five sets of capabilities(7), by names without CAP_."""

    bounding: tuple[str, ...] = ()
    effective: tuple[str, ...] = ()
    permitted: tuple[str, ...] = ()
    inheritable: tuple[str, ...] = ()
    ambient: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceNode:
    """A device node below /dev: `mode` has its type and permissions, `number` is its device number."""

    path: str
    mode: int
    number: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Settings that only a bundle has; None and empty mean the default of every container.

    Attributes:
        umask, groups, oom_score, io_priority, personality: of the command's process.
        capabilities: all five sets, in place of the plan's `caps`.
        console: rows and columns of its terminal.
        domain: NIS domain name.
        sysctls: (name, value), of the container's own namespaces.
        masked, sealed: paths inside that are hidden, or read-only, in addition to the defaults.
        devices: nodes in addition to the defaults.
        filter: a seccomp program in place of the default one, loaded with `filter_flags`.
    """

    umask: int | None = None
    groups: tuple[int, ...] = ()
    capabilities: Capabilities | None = None
    console: tuple[int, int] | None = None
    oom_score: int | None = None
    io_priority: int | None = None
    domain: str = ""
    sysctls: tuple[tuple[str, str], ...] = ()
    masked: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    devices: tuple[DeviceNode, ...] = ()
    filter: bytes | None = None
    filter_flags: int = 0
    personality: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPlan:
    """One container.

    Attributes:
        id: a name, unique in its batch: letters, digits, '.', '_' and '-'.
        userns: a user namespace with these ids owns all of the container's others, None for the host's own.
        scratch: directory of an overlay's writes until the runtime ends, None for a tmpfs.
        files: (path inside, text) of read-only files bound into the container (hosts, resolv.conf).
        volumes: binds and tmpfs, in mount order.
        extras: settings that only a bundle has.
        shm_bytes: size of /dev/shm.
        root_bytes: size limit of a discarded root and of each of `tmpfs`; None for the default.
        caps: names without CAP_.
        timeout_s: the container is killed after so many seconds, None for never.
        output_bytes: how much of stdout and of stderr is kept; the rest is read and dropped.
        stdin: text the command reads (batch only), None for /dev/null.
        background: the batch continues while it runs, and kills it at its end.
        ready: a background container counts as started when its stdout contains this.
    """

    id: str
    root: RootPlan
    work: Work
    net: NetPlan
    limits: Limits
    hostname: str
    userns: UsernsRange | None = None
    scratch: Scratch | None = None
    volumes: tuple[Volume, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    extras: Extras = Extras()
    shm_bytes: int = 64 << 20
    root_bytes: int | None = None
    caps: tuple[str, ...] = DEFAULT_CAPS
    seccomp: bool = True
    no_new_privs: bool = True
    rlimits: tuple[Rlimit, ...] = ()
    timeout_s: float | None = None
    output_bytes: int = 1 << 20
    stdin: str | None = None
    background: bool = False
    ready: str | None = None

"""The immutable plan of one container: everything that is decided before the first namespace is made."""

from doctor.runtime.values import dataclass

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
    """Where the root file system comes from: layers, a directory, or (neither given) an empty tmpfs.

    Attributes:
        layers: directories of an overlay, topmost first, as overlayfs' lowerdir has them.
        layers_root: a directory that relative names of all the others lead beneath, or None for absolute ones.
        upper, work: the overlay's writable directories; None: a tmpfs that vanishes with the container.
        directory: a root directory to be bound as it is.
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
        base: the directory that a relative source is in, and does not leave.
        flags: MOUNT_ATTR_* that are set beside read-only.
        recursive: with what is mounted beneath the source.
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
    """A port of the host that leads to one of the container's: rules are made, and removed after.

    `chain` names a chain of nat and filter that the host's own rules lead to: then only that one is touched. `proxy`: a process
    holds the port meanwhile and answers on this host itself, also on 127.0.0.1.
    """

    host_port: int
    container_port: int
    protocol: str = "tcp"
    host_ip: str | None = None
    chain: str | None = None
    proxy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """How the container hangs on a bridge.

    Attributes:
        name: the bridge's interface name.
        address: the container's IPv4 address with its prefix, "172.17.0.5/16".
        gateway: the default route's next hop; None: no default route.
        create: make the bridge (with the gateway's address) if it is not there, and remove it afterwards.
        mtu: bytes, None for the kernel's default.
        mac: the container's hardware address, None for a random one.
        uplink: `name` is no bridge but an interface of the host: the container stands behind it, as a neighbour on its wire.
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
    """The network: kind is none, host, bridge, container (target: a batch id or a process id) or path (target: a file)."""

    kind: str = "none"
    target: str = ""
    bridge: Bridge | None = None
    publish: tuple[Publish, ...] = ()
    masquerade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Resource limits; None means no limit.

    Attributes:
        memory_bytes, pids: what they say.
        swap_bytes: memory and swap together, -1 without limit; None: no swap beside the memory.
        reserve_bytes: what the kernel leaves to the group when memory is short.
        cpus: a share of processors (0.5, 2.0), of each period of `period_us`.
        shares: the weight among groups that compete, as version 1 counts it.
        cpuset: the processors and memory nodes, as the kernel's lists.
        devices: rules of what may be used, None for the default ones.
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
    """What runs: a command line, or one of the runtime's own functions (no file of host or image is needed then).

    Attributes:
        command: arguments, the first one is the program.
        builtin: the function's name; `args` are its arguments.
        env: "NAME=value" entries; HOME, HOSTNAME and PATH are added where they are missing.
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
    """A directory of the host below which the overlay's writable directories are made, and removed after.

    `files` (path, text) are a lower layer where the plan has no layers of its own.
    """

    directory: str
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdRange:
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
class Device:
    """A device node below /dev: `mode` has its type and permissions, `number` is its device number."""

    path: str
    mode: int
    number: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What only a bundle asks for; None and empty stand for what every container gets.

    Attributes:
        umask, groups, oom_score, io_priority, personality: of the command's process.
        capabilities: all five sets, in place of the plan's `caps`.
        console: rows and columns of its terminal.
        domain: NIS domain name.
        sysctls: (name, value), of the container's own namespaces.
        masked, sealed: paths inside that are hidden, or read-only, beside those that always are.
        devices: nodes beside the usual ones.
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
    devices: tuple[Device, ...] = ()
    filter: bytes | None = None
    filter_flags: int = 0
    personality: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One container.

    Attributes:
        id: a name, unique in its batch: letters, digits, '.', '_' and '-'.
        userns: a user namespace with these ids owns all of the container's others, None for the host's own.
        scratch: where an overlay's writes go until the runtime ends, None for a tmpfs.
        files: (path inside, text) of read-only files bound into the container (hosts, resolv.conf).
        volumes: binds and tmpfs, in the order they are mounted in.
        extras: what only a bundle asks for.
        shm_bytes: size of /dev/shm.
        root_bytes: how much may be written to a root that vanishes, and to each of `tmpfs`; None for the default.
        caps: names without CAP_.
        timeout_s: the container is killed after so many seconds, None for never.
        output_bytes: how much of stdout and of stderr is kept; the rest is read and dropped.
        stdin: text the command reads (batch only), None for /dev/null.
        background: the batch goes on while it runs, and kills it at its end.
        ready: a background container counts as started when its stdout contains this.
    """

    id: str
    root: RootPlan
    work: Work
    net: NetPlan
    limits: Limits
    hostname: str
    userns: IdRange | None = None
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

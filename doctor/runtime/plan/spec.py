"""Parses one container's JSON object, field by field, into an immutable plan. The format is in the package's
docstring.
"""

from doctor.runtime.plan.container import (
    DEFAULT_CAPS,
    Bridge,
    ContainerPlan,
    Limits,
    NetPlan,
    Publish,
    Rlimit,
    RootPlan,
    Scratch,
    UsernsRange,
    Volume,
    Work,
)
from doctor.runtime.plan.reader import FieldReader, address_of, bad, is_plain_path
from doctor.runtime.plan.rights import CAPABILITIES, RLIMITS

MAX_PORT = 65535
_TMPFS_FLAGS = 0x2 | 0x4 | 0x8  # MOUNT_ATTR_NOSUID, NODEV, NOEXEC
_NO_ID = (1 << 32) - 1  # (uid_t)-1 stands for no user
_ID_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def plan_from(source: object, where: str = "container", default_id: str = "c") -> ContainerPlan:
    """The plan for one JSON object. Raises LaunchError (code 2) naming the field."""
    reader = FieldReader(source, where)
    name = reader.text("id", default_id) or default_id
    if not set(name) <= _ID_LETTERS or len(name) > 64 or name.startswith("."):
        raise bad(f"{where}.id: {name!r} is not 1 to 64 letters, digits, '.', '_', '-'")
    shm = reader.number("shm_bytes", 4096, 1 << 40)
    writable = reader.number("root_bytes", 1 << 16, 1 << 60)
    kept = reader.number("output_bytes", 0, 1 << 30)
    plan = ContainerPlan(
        id=name,
        root=_root(reader),
        work=_work(reader),
        net=_net(reader),
        limits=Limits(
            memory_bytes=reader.number("memory_bytes", 1 << 19, 1 << 60),
            cpus=reader.fraction("cpus", 0.01, 4096),
            pids=reader.number("pids", 1, 1 << 22),
        ),
        hostname=_hostname(reader, name),
        userns=_userns(reader),
        scratch=_scratch(reader),
        volumes=_volumes(reader),
        files=_files(reader),
        shm_bytes=64 << 20 if shm is None else shm,
        root_bytes=writable,
        caps=_caps(reader),
        seccomp=reader.flag("seccomp", default=True),
        no_new_privs=reader.flag("no_new_privs", default=True),
        rlimits=_rlimits(reader),
        timeout_s=reader.fraction("timeout_s", 0.01, 1e7),
        output_bytes=1 << 20 if kept is None else kept,
        stdin=reader.text("stdin"),
        background=reader.flag("background"),
        ready=reader.text("ready"),
    )
    reader.end()
    if plan.scratch is not None and (plan.root.directory is not None or plan.root.upper is not None):
        raise bad(f"{where}: scratch excludes rootfs, upper and work")
    return plan


def _userns(reader: FieldReader) -> UsernsRange | None:
    text = reader.text("userns")
    if text is None:
        return None
    parts = text.split(":")
    if len(parts) != 2 or not all(p.isascii() and p.isdigit() and len(p) <= 10 for p in parts):
        raise bad(f"{reader.where}.userns: {text!r} is not FIRST:COUNT")
    first, count = int(parts[0]), int(parts[1])
    if first < 1 or count < 1 or first + count > _NO_ID:
        raise bad(
            f"{reader.where}.userns: {text!r} is not a range of host ids: from 1 (0 is the host's root) to {_NO_ID - 1}"
        )
    return UsernsRange(first=first, count=count)


def _root(reader: FieldReader) -> RootPlan:
    layers, directory = reader.texts("layers"), reader.text("rootfs")
    upper, work = reader.text("upper"), reader.text("work")
    layers_root = reader.text("layers_root")
    if layers and directory is not None:
        raise bad(f"{reader.where}: layers and rootfs exclude each other")
    if (upper is None) != (work is None) or (upper is not None and not layers):
        raise bad(f"{reader.where}: upper and work belong together, with layers")
    _check_names(reader.where, layers_root, layers, [path for path in (upper, work) if path is not None])
    if layers_root is not None and directory is not None and not _is_relative(directory):
        raise bad(f"{reader.where}.rootfs: {directory!r} must be relative to layers_root, without '..'")
    if len(layers) > 500:  # OVL_MAX_STACK of fs/overlayfs
        raise bad(f"{reader.where}.layers: overlayfs takes at most 500, got {len(layers)}")
    return RootPlan(
        layers=layers,
        layers_root=layers_root,
        upper=upper,
        work=work,
        directory=directory,
        readonly=reader.flag("readonly"),
    )


def _check_names(where: str, base: str | None, layers: tuple[str, ...], writable: list[str]) -> None:
    """Layers are either all absolute or, with a `layers_root`, all relative; none may contain '..'."""
    for name in layers:
        if not (is_plain_path(name) if base is None else _is_relative(name)):
            wanted = "an absolute path" if base is None else "relative to layers_root"
            raise bad(f"{where}.layers: {name!r} must be {wanted}, without '..'")
    for name in writable:
        if not is_plain_path(name) and not (base is not None and _is_relative(name)):
            raise bad(
                f"{where}: upper and work: {name!r} must be an absolute path or beneath layers_root, without '..'"
            )


def _is_relative(name: str) -> bool:
    return bool(name) and not name.startswith("/") and ".." not in name.split("/")


def _work(reader: FieldReader) -> Work:
    command, builtin = reader.texts("command"), reader.text("builtin")
    if bool(command) == (builtin is not None):
        raise bad(f"{reader.where}: exactly one of command and builtin is needed")
    if command and not command[0]:
        raise bad(f"{reader.where}.command: the program's name is empty")
    return Work(
        command=command,
        builtin=builtin,
        args=reader.mapping("args"),
        env=environment(reader.take("env"), reader.where),
        cwd=reader.path("cwd") or "/",
        user=reader.text("user") or "",
    )


def environment(value: object, where: str) -> tuple[str, ...]:
    """Entries NAME=value of a list of strings or of an object."""
    if value is None:
        return ()
    if isinstance(value, dict):
        value = [f"{name}={text}" if isinstance(text, str) else text for name, text in value.items()]
    entries = FieldReader({"env": value}, where).texts("env")
    for entry in entries:
        if entry.find("=") < 1:
            raise bad(f"{where}.env: {entry!r} is not NAME=value")
    return entries


def _hostname(reader: FieldReader, name: str) -> str:
    value = reader.text("hostname")
    if value is not None and not 1 <= len(value.encode()) <= 64:
        raise bad(f"{reader.where}.hostname: 1 to 64 bytes are possible")
    return value if value is not None else name


def _net(reader: FieldReader) -> NetPlan:
    wanted = reader.text("net") or "none"
    raw_bridge = reader.take("bridge")
    publish = tuple(_publish(p, f"{reader.where}.publish[{i}]") for i, p in enumerate(reader.items("publish")))
    masquerade = reader.flag("masquerade")
    kind, _, target = wanted.partition(":")
    known = {"none", "host", "bridge"} if not target else {"container", "path"}
    if kind not in known:
        raise bad(f"{reader.where}.net: {wanted!r} is not none, host, bridge, container:ID or path:FILE")
    if (kind == "bridge") != (raw_bridge is not None):
        raise bad(f"{reader.where}: net 'bridge' and the field bridge belong together")
    if (publish or masquerade) and kind != "bridge":
        raise bad(f"{reader.where}: publish and masquerade need net 'bridge'")
    bridge = None if raw_bridge is None else _bridge(raw_bridge, f"{reader.where}.bridge")
    return NetPlan(kind=kind, target=target, bridge=bridge, publish=publish, masquerade=masquerade)


def _bridge(source: object, where: str) -> Bridge:
    reader = FieldReader(source, where)
    name, cidr = reader.text("name"), reader.text("address")
    if not name or len(name.encode()) > 15 or "/" in name or name in (".", ".."):
        raise bad(f"{where}.name: {name!r} is not an interface name")
    if cidr is None or address_of(cidr.partition("/")[0]) is None or _prefix(cidr) is None:
        raise bad(f"{where}.address: {cidr!r} is not IPv4 ADDRESS/PREFIX")
    gateway = reader.text("gateway")
    if gateway is not None and address_of(gateway) is None:
        raise bad(f"{where}.gateway: {gateway!r} is not an IPv4 address")
    create = reader.flag("create")
    if create and gateway is None:
        raise bad(f"{where}: create needs a gateway, the bridge's own address")
    mac = reader.text("mac")
    if mac is not None and hardware_of(mac) is None:
        raise bad(f"{where}.mac: {mac!r} is not a hardware address")
    mtu, uplink = reader.number("mtu", 68, 65535), reader.flag("uplink")
    reader.end()
    if uplink and (create or mac is not None or mtu is not None or gateway is None):
        raise bad(f"{where}: uplink needs a gateway and excludes create, mac and mtu")
    return Bridge(name=name, address=cidr, gateway=gateway, create=create, mtu=mtu, mac=mac, uplink=uplink)


def hardware_of(text: str) -> bytes | None:
    """The six bytes of a hardware address written with colons, or None."""
    parts = text.split(":")
    try:
        numbers = bytes(int(p, 16) for p in parts if len(p) == 2)
    except ValueError:
        return None
    return numbers if len(numbers) == len(parts) == 6 else None


def _prefix(cidr: str) -> int | None:
    text = cidr.partition("/")[2]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= 32 else None


def _publish(source: object, where: str) -> Publish:
    reader = FieldReader(source, where)
    host, inside = reader.number("host_port", 1, MAX_PORT), reader.number("container_port", 1, MAX_PORT)
    protocol, ip, chain = reader.text("protocol") or "tcp", reader.text("host_ip"), reader.text("chain")
    proxy = reader.flag("proxy")
    reader.end()
    if host is None or inside is None:
        raise bad(f"{where}: host_port and container_port are needed")
    if protocol not in ("tcp", "udp"):
        raise bad(f"{where}.protocol: {protocol!r} is not tcp or udp")
    if ip is not None and address_of(ip) is None:
        raise bad(f"{where}.host_ip: {ip!r} is not an IPv4 address")
    if chain is not None and (not 0 < len(chain) <= 28 or not set(chain) <= _ID_LETTERS or chain.startswith("-")):
        raise bad(f"{where}.chain: {chain!r} is not a chain name")
    return Publish(host_port=host, container_port=inside, protocol=protocol, host_ip=ip, chain=chain, proxy=proxy)


def _volumes(reader: FieldReader) -> tuple[Volume, ...]:
    memory = [Volume(source="", target=path, flags=_TMPFS_FLAGS) for path in _paths(reader, "tmpfs")]
    return (
        *memory,
        *(_volume(item, f"{reader.where}.volumes[{i}]") for i, item in enumerate(reader.items("volumes"))),
    )


def _volume(source: object, where: str) -> Volume:
    reader = FieldReader(source, where)
    volume_source, target = reader.path("source"), reader.path("target")
    readonly = reader.flag("readonly")
    reader.end()
    if volume_source is None or target is None or not target.strip("/"):
        raise bad(f"{where}: source and target (not '/') are needed")
    return Volume(source=volume_source, target=target, readonly=readonly)


def _scratch(reader: FieldReader) -> Scratch | None:
    raw = reader.take("scratch")
    if raw is None:
        return None
    inner = FieldReader(raw, f"{reader.where}.scratch")
    directory, files = inner.path("directory"), _files(inner)
    inner.end()
    if directory is None:
        raise bad(f"{reader.where}.scratch: a directory is needed")
    return Scratch(directory=directory, files=files)


def _files(reader: FieldReader) -> tuple[tuple[str, str], ...]:
    found = []
    for path, text in reader.mapping("files").items():
        if not is_plain_path(path) or not isinstance(text, str) or "\0" in path or not path.strip("/"):
            raise bad(f"{reader.where}.files: {path!r} must be an absolute path, with a text")
        found.append((path, text))
    return tuple(found)


def _paths(reader: FieldReader, name: str) -> tuple[str, ...]:
    paths = reader.texts(name)
    for path in paths:
        if not is_plain_path(path) or not path.strip("/"):
            raise bad(f"{reader.where}.{name}: {path!r} is not an absolute path below '/'")
    return paths


def _caps(reader: FieldReader) -> tuple[str, ...]:
    raw = reader.take("caps")
    if raw is None:
        return DEFAULT_CAPS
    names = FieldReader({"caps": raw}, reader.where).texts("caps")
    plain = tuple(name.upper().removeprefix("CAP_") for name in names)
    for name in plain:
        if name not in CAPABILITIES:
            raise bad(f"{reader.where}.caps: unknown capability {name!r}")
    return plain


def _rlimits(reader: FieldReader) -> tuple[Rlimit, ...]:
    found = []
    for name, pair in reader.mapping("rlimits").items():
        if name not in RLIMITS:
            raise bad(f"{reader.where}.rlimits: unknown limit {name!r}")
        values = [_limit(value) for value in (pair if isinstance(pair, list) else [pair, pair])]
        soft, hard = (None, None) if len(values) != 2 else values
        if soft is None or hard is None:
            raise bad(f"{reader.where}.rlimits.{name}: expected a number or [soft, hard], -1 is unlimited")
        found.append(Rlimit(kind=RLIMITS[name], soft=soft, hard=hard))
    return tuple(found)


def _limit(value: object) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and -1 <= value < 1 << 63
    return value if fits and isinstance(value, int) else None

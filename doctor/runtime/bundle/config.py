"""Reads an OCI bundle: every field of its config.json is applied, or refused by name (exit 2). None is ignored.

OCI runtime specification 1.3, config.md and config-linux.md. That document lets a runtime ignore unknown fields; here
they are refused, since one may be needed for isolation. Three fields are specific to Docker and need no action: its
network hook (the container's network is chosen by --net, and stderr says so), the place of its control groups, and an
AppArmor profile that is `unconfined`. The runtime always adds the defaults of every container: masked paths, a
read-only /sys.
"""

from doctor.runtime.base import kernel
from doctor.runtime.base.document import parsed
from doctor.runtime.base.frozen import LaunchError, dataclass, reason, replace
from doctor.runtime.base.system import os, stat
from doctor.runtime.bundle import linux, mounts, process
from doctor.runtime.bundle.part import ConfigPart
from doctor.runtime.plan.container import Capabilities, ContainerPlan, Extras, Limits, Rlimit, Volume
from doctor.runtime.plan.reader import bad
from doctor.runtime.rootfs import sealing as sealing  # noqa: PLC0414 - so that the container's init need not import it
from doctor.runtime.rootfs.beneath import open_strictly

_MAX_BYTES = 16 << 20
_HOOKS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
_DOCKERS_HOOK = "libnetwork-setkey"
# Other runtimes act on annotations of these names.
_ACTING = ("run.oci.", "org.systemd.property.", "org.criu.", "io.katacontainers.", "dev.gvisor.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Contents of a config.json.

    Attributes:
        spec: fields of the JSON object that `spec.plan_from` checks.
        terminal: whether a terminal is requested.
        limits, rlimits, volumes, extras: those of the plan.
        notes: lines for stderr.
    """

    spec: dict[str, object]
    terminal: bool
    limits: Limits
    rlimits: tuple[Rlimit, ...]
    volumes: tuple[Volume, ...]
    extras: Extras
    notes: tuple[str, ...]


def read(directory: str) -> Bundle:
    """Read a bundle directory's config.json. Raises LaunchError (2) naming the field."""
    if not directory.startswith("/"):
        directory = f"{os.getcwd()}/{directory}"
    try:
        return _bundle(ConfigPart(parsed(_content(directory)), ""), directory)
    except LaunchError as failure:
        raise bad(f"{directory}/config.json: {failure.message.lstrip('.: ')}") from None


def _content(directory: str) -> str:
    """The text of the file, which must be a regular file in the bundle itself."""
    try:
        base = os.open(directory, kernel.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        handle = open_strictly(base, "config.json", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise bad("is not a regular file")
        text = b""
        while chunk := os.read(handle, 1 << 18):
            text += chunk
            if len(text) > _MAX_BYTES:
                raise bad(f"is longer than {_MAX_BYTES} bytes")
        os.close(handle)
        os.close(base)
        return text.decode()
    except OSError as error:
        raise bad(f"can't be read: {reason(error)}") from None
    except UnicodeDecodeError:
        raise bad("is not UTF-8") from None


def _bundle(top: ConfigPart, directory: str) -> Bundle:
    version = top.text("ociVersion")
    if version is None or not version.startswith("1."):
        raise top.wrong("ociVersion", "is missing" if version is None else f"'{version}' is not 1.x")
    top.refuse("solaris", "windows", "vm", "zos", "freebsd", why="belongs to another kind of container")
    notes = _hooks(top)
    _annotations(top)
    spec: dict[str, object] = {"hostname": top.text("hostname") or None}
    of_process = process.read(top.part("process"), spec)
    of_linux = linux.read(top.part("linux"), spec, of_process.extras)
    volumes = mounts.read(top, spec, directory)
    _root(top, spec, directory)
    domain = top.text("domainname") or ""
    if len(domain.encode()) > 64:
        raise top.wrong("domainname", "64 bytes are possible")
    top.end()
    return Bundle(
        spec={name: value for name, value in spec.items() if value is not None},
        terminal=of_process.terminal,
        limits=of_linux.limits,
        rlimits=of_process.rlimits,
        volumes=volumes,
        extras=replace(of_linux.extras, domain=domain),
        notes=notes,
    )


def _hooks(top: ConfigPart) -> tuple[str, ...]:
    """Refuse all hooks except Docker's, which passes the network namespace to an engine that may be dead."""
    hooks, notes = top.part("hooks"), []
    for kind in _HOOKS:
        for hook in hooks.parts(kind):
            arguments = hook.texts("args")
            if kind != "prestart" or arguments[:1] != (_DOCKERS_HOOK,):
                raise bad(f"{hook.where}: hooks are not run by this runtime")
            hook.take("path")
            hook.end()
            notes.append(f"{hook.where}: Docker's network hook is not run: the container has the network of --net")
    hooks.end()
    return tuple(notes)


def _annotations(top: ConfigPart) -> None:
    annotations = top.part("annotations")
    for name in annotations.names():
        annotations.text(name)
        if name.startswith(_ACTING):
            raise annotations.wrong(name, "this runtime does not act on annotations")


def _root(top: ConfigPart, spec: dict[str, object], directory: str) -> None:
    """The root directory: beneath the bundle, or by an absolute path without links."""
    root = top.part("root")
    path = root.text("path")
    if not path:
        raise root.wrong("path", "is missing")
    if ".." in path.split("/"):
        raise root.wrong("path", f"'{path}' has a '..'")
    base = "/" if path.startswith("/") else directory
    spec |= {"layers_root": base, "rootfs": path.strip("/") or ".", "readonly": root.flag("readonly")}
    root.end()


def over(bundle: dict[str, object], spec: dict[str, object]) -> dict[str, object]:
    """A bundle's fields, overridden by the command line; lists and objects are extended."""
    both = bundle | spec
    for field in bundle.keys() & spec.keys():
        first, second = bundle[field], spec[field]
        if isinstance(first, list) and isinstance(second, list) and field != "command":
            both[field] = [*first, *second]
        elif isinstance(first, dict) and isinstance(second, dict):
            both[field] = first | second
    return both


def merged(
    plan: ContainerPlan, bundle: Bundle, *, is_user_given: bool, caps: tuple[list[str], list[str]]
) -> ContainerPlan:
    """A plan from `spec` and command line, with the bundle's further fields. Raises LaunchError (2)."""
    given = {name: value for name, value in plan.limits.__dict__.items() if value != getattr(Limits, name)}
    if "memory_bytes" in given:
        given.setdefault("swap_bytes", None)
    extras = bundle.extras
    if is_user_given:
        extras = replace(extras, groups=())
    if extras.capabilities is not None and any(caps):
        extras = replace(extras, capabilities=_changed(extras.capabilities, *caps))
    if extras.devices and plan.userns is not None:
        raise bad("linux.devices: no device can be made in a user namespace")
    for name, _ in extras.sysctls:
        if name.startswith("net") and plan.net.kind not in ("none", "bridge"):
            raise bad(f"linux.sysctl.{name}: the container has no network of its own")
    return replace(
        plan,
        limits=replace(bundle.limits, **given),
        rlimits=(*bundle.rlimits, *plan.rlimits),
        volumes=(*bundle.volumes, *plan.volumes),
        extras=extras,
    )


def _changed(sets: Capabilities, added: list[str], dropped: list[str]) -> Capabilities:
    """Added to the capability sets of a root command; dropped from all sets."""
    changed = {}
    for name in ("bounding", "effective", "permitted", "inheritable", "ambient"):
        kept = [cap for cap in getattr(sets, name) if "ALL" not in dropped]
        more = added if name in ("bounding", "effective", "permitted") else []
        changed[name] = tuple(cap for cap in dict.fromkeys([*kept, *more]) if cap not in dropped)
    return Capabilities(**changed)

"""The object `process` of a config.json."""

from doctor.runtime.base.frozen import dataclass
from doctor.runtime.bundle.part import ConfigPart
from doctor.runtime.plan.container import Capabilities, Extras, Rlimit
from doctor.runtime.plan.reader import is_plain_path
from doctor.runtime.plan.rights import CAPABILITIES, RLIMITS

_UNLIMITED = 2**64 - 1
_NO_ID = 2**31  # as everywhere in this runtime
_SETS = ("bounding", "effective", "permitted", "inheritable", "ambient")
_IO_CLASSES = {"IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProcess:
    """Requests beyond the fields of the container's object."""

    terminal: bool
    rlimits: tuple[Rlimit, ...]
    extras: Extras


def read(process: ConfigPart, spec: dict[str, object]) -> ConfigProcess:
    """Put command, environment, directory, user and rights into `spec`; the rest is returned. Raises LaunchError (2)."""
    process.refuse("commandLine", why="belongs to Windows")
    process.refuse("scheduler", "execCPUAffinity")
    process.refuse("selinuxLabel")
    if (profile := process.text("apparmorProfile") or "unconfined") != "unconfined":
        raise process.wrong("apparmorProfile", f"'{profile}': AppArmor profiles are not set by this runtime")
    cwd = process.text("cwd")
    if not cwd or not is_plain_path(cwd):
        raise process.wrong("cwd", "is missing" if not cwd else f"'{cwd}' is not an absolute path without '..'")
    env = process.texts("env")
    if any(entry.find("=") < 1 for entry in env):
        raise process.wrong("env", "every entry is NAME=value")
    spec |= {"command": list(process.texts("args")), "env": list(env), "cwd": cwd}
    spec["no_new_privs"] = process.flag("noNewPrivileges")
    umask, groups = _user(process.part("user"), spec)
    capabilities = _capabilities(process.part("capabilities"))
    spec["caps"] = list(capabilities.bounding)
    terminal = process.flag("terminal")
    extras = Extras(
        umask=umask,
        groups=groups,
        capabilities=capabilities,
        console=_console(process.part("consoleSize")),
        oom_score=process.number("oomScoreAdj", -1000, 1000),
        io_priority=_io_priority(process.part("ioPriority")),
    )
    rlimits = _rlimits(process)
    process.end()
    return ConfigProcess(terminal=terminal, rlimits=rlimits, extras=extras)


def _user(user: ConfigPart, spec: dict[str, object]) -> tuple[int | None, tuple[int, ...]]:
    user.refuse("username", why="belongs to Windows")
    uid, gid = user.number("uid", 0, _NO_ID - 1), user.number("gid", 0, _NO_ID - 1)
    spec["user"] = f"{uid or 0}:{gid or 0}"
    umask = user.number("umask", 0, 0o777)
    groups = user.wholes("additionalGids", 0, _NO_ID - 1)
    user.end()
    return umask, groups


def _capabilities(part: ConfigPart) -> Capabilities:
    """The five sets; missing ones are empty. A set that the kernel would reduce silently is refused."""
    sets: dict[str, tuple[str, ...]] = {}
    for name in _SETS:
        sets[name] = tuple(text.removeprefix("CAP_") for text in part.texts(name))
        for plain in sets[name]:
            if plain not in CAPABILITIES:
                raise part.wrong(name, f"unknown capability 'CAP_{plain}'")
    part.end()
    for name, within in (("effective", "permitted"), ("ambient", "permitted"), ("ambient", "inheritable")):
        for plain in sets[name]:
            if plain not in sets[within]:
                raise part.wrong(name, f"CAP_{plain} must be in '{within}' too")
    return Capabilities(**sets)


def _console(part: ConfigPart) -> tuple[int, int] | None:
    height, width = part.number("height", 0, 65535), part.number("width", 0, 65535)
    part.end()
    return None if height is None or width is None else (height, width)


def _io_priority(part: ConfigPart) -> int | None:
    name, level = part.text("class"), part.number("priority", 0, 7)
    part.end()
    if name is None and level is None:
        return None
    if name not in _IO_CLASSES:
        raise part.wrong("class", f"'{name}' is not known")
    return _IO_CLASSES[name] << 13 | (level or 0)


def _rlimits(process: ConfigPart) -> tuple[Rlimit, ...]:
    found: dict[int, Rlimit] = {}
    for limit in process.parts("rlimits"):
        name = limit.text("type") or ""
        soft, hard = limit.number("soft", 0, _UNLIMITED), limit.number("hard", 0, _UNLIMITED)
        limit.end()
        kind = (
            RLIMITS.get(name.removeprefix("RLIMIT_").lower()) if name.startswith("RLIMIT_") and name.isupper() else None
        )
        if kind is None or kind in found:
            raise limit.wrong("type", f"'{name}' is not known" if kind is None else f"{name} is given twice")
        if soft is None or hard is None or soft > hard:
            raise limit.wrong("soft", "soft and hard are needed, soft must not exceed hard")
        found[kind] = Rlimit(kind=kind, soft=soft, hard=hard)
    return tuple(found.values())

"""Converts the options of `run` to the JSON object of `batch`, so that validation is in one place."""

from doctor.runtime.base.frozen import TYPE_CHECKING, USAGE, LaunchError, dataclass, reason, replace
from doctor.runtime.base.system import os
from doctor.runtime.plan.container import DEFAULT_CAPS, ContainerPlan
from doctor.runtime.plan.spec import plan_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from doctor.runtime.bundle.config import Bundle

_SUFFIXES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SHORT = {"-p": "publish", "-e": "env", "-w": "workdir", "-u": "user", "-v": "volume"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """A plan and the foreground settings: whether stdin is forwarded, whether a terminal is created, lines for
    stderr.
    """

    plan: ContainerPlan
    interactive: bool
    terminal: bool
    notes: tuple[str, ...] = ()


def _usage(message: str) -> LaunchError:
    return LaunchError(f"{message} (see --help)", USAGE)


def _size(text: str) -> int:
    unit = _SUFFIXES.get(text[-1:].lower(), 0)
    digits = text[:-1] if unit else text
    if not digits.isascii() or not digits.isdigit():
        raise _usage(f"'{text}' is not a size: give bytes, optionally with k, m or g")
    return int(digits) * (unit or 1)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _usage(f"'{text}' is not a number") from None


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise _usage(f"'{text}' is not a whole number")
    return int(text)


def _volume(text: str) -> dict[str, object]:
    parts = text.split(":")
    if len(parts) == 3 and parts[2] in ("ro", "rw"):
        return {"source": parts[0], "target": parts[1], "readonly": parts[2] == "ro"}
    if len(parts) == 2:
        return {"source": parts[0], "target": parts[1]}
    raise _usage(f"'{text}' is not SOURCE:TARGET[:ro]")


def _publish(text: str) -> dict[str, object]:
    ports, _, protocol = text.partition("/")
    parts = ports.split(":")
    if len(parts) not in (2, 3):
        raise _usage(f"'{text}' is not [IP:]HOST:CONTAINER[/udp]")
    found: dict[str, object] = {"host_port": _whole(parts[-2]), "container_port": _whole(parts[-1]), "proxy": True}
    if protocol:
        found["protocol"] = protocol
    if len(parts) == 3:
        found["host_ip"] = parts[0]
    return found


def _rlimit(text: str) -> tuple[str, list[int]]:
    name, equals, value = text.partition("=")
    soft, _, hard = value.partition(":")
    if not equals:
        raise _usage(f"'{text}' is not NAME=SOFT[:HARD]")
    return name, [_whole(soft), _whole(hard or soft)]


def _entries(descriptor: int) -> list[str]:
    """The NUL-terminated entries from a descriptor: unlike arguments, they are not visible to other users."""
    text = b""
    try:
        while chunk := os.read(descriptor, 1 << 16):
            text += chunk
        os.close(descriptor)
    except OSError as error:
        raise _usage(f"can't read the environment from descriptor {descriptor}: {reason(error)}") from None
    return text.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise _usage(f"'{text}' is not NAME=VALUE")
    return name, value


_FLAGS = {"readonly", "create-bridge", "masquerade", "interactive", "tty", "no-seccomp", "new-privs"}
_ONE: "dict[str, tuple[str, Callable[[str], object]]]" = {
    "layers-root": ("layers_root", str),
    "layers": ("layers", lambda text: text.split(":")),
    "upper": ("upper", str),
    "work": ("work", str),
    "net": ("net", str),
    "userns": ("userns", str),
    "workdir": ("cwd", str),
    "user": ("user", str),
    "hostname": ("hostname", str),
    "name": ("id", str),
    "timeout": ("timeout_s", _number),
    "memory": ("memory_bytes", _size),
    "cpus": ("cpus", _number),
    "pids": ("pids", _whole),
    "shm": ("shm_bytes", _size),
    "root-size": ("root_bytes", _size),
    "builtin": ("builtin", str),
}
_BRIDGE: "dict[str, tuple[str, Callable[[str], object]]]" = {
    "bridge": ("name", str),
    "address": ("address", str),
    "gateway": ("gateway", str),
    "mtu": ("mtu", _whole),
    "mac": ("mac", str),
}
_MANY: "dict[str, tuple[str, Callable[[str], object]]]" = {
    "env": ("env", str),
    "volume": ("volumes", _volume),
    "publish": ("publish", _publish),
    "tmpfs": ("tmpfs", str),
}
_PAIRS: "dict[str, tuple[str, Callable[[str], tuple[str, object]]]]" = {
    "file": ("files", _pair),
    "ulimit": ("rlimits", _rlimit),
}


class _Given:
    """The options of a command line, collected word by word."""

    def __init__(self) -> None:
        self.spec: dict[str, object] = {}
        self.bridge: dict[str, object] = {}
        self.flags: set[str] = set()
        self.bundle: str | None = None
        self.add_caps: list[str] = []
        self.drop_caps: list[str] = []

    def take(self, name: str, value: str) -> None:
        """One option with its value."""
        if name in _ONE:
            field, read = _ONE[name]
            self.spec[field] = read(value)
        elif name in _BRIDGE:
            field, read = _BRIDGE[name]
            self.bridge[field] = read(value)
        elif name in _MANY:
            field, read = _MANY[name]
            found = self.spec.setdefault(field, [])
            if isinstance(found, list):
                found.append(read(value))
        elif name in _PAIRS:
            field, split = _PAIRS[name]
            pairs = self.spec.setdefault(field, {})
            if isinstance(pairs, dict):
                pairs.update([split(value)])
        elif name == "env-fd":
            found = self.spec.setdefault("env", [])
            if isinstance(found, list):
                found.extend(_entries(_whole(value)))
        elif name == "bundle":
            self.bundle = value
        elif name in ("cap-add", "cap-drop"):
            (self.add_caps if name == "cap-add" else self.drop_caps).append(value.upper().removeprefix("CAP_"))
        else:
            raise _usage(f"unknown option '--{name}'")


def parse(arguments: list[str]) -> RunOptions:
    """Options from the words after `run`. Raises LaunchError (2)."""
    given, words, command = _read(arguments)
    spec = given.spec
    read: Bundle | None = None
    is_user_given = "user" in spec
    if given.bundle is not None:
        from doctor.runtime.bundle import config  # noqa: PLC0415 - only who has one pays for it

        read = config.read(given.bundle)
        spec = config.over(read.spec, spec)
    elif words and "layers" not in spec and not ("builtin" in spec and _is_argument(words[0])):
        spec["rootfs"] = words.pop(0)
    elif "layers" not in spec and "builtin" not in spec:
        raise _usage("a root directory, --layers or --bundle is needed")
    _add_work(spec, [*words, *command])
    _add_rest(spec, given)
    if "layers_root" not in spec:
        _make_absolute(spec)
    spec.setdefault("id", "run")
    plan = plan_from(spec, "run")
    terminal = "tty" in given.flags
    if read is not None:
        plan = config.merged(plan, read, is_user_given=is_user_given, caps=(given.add_caps, given.drop_caps))
        terminal = terminal or read.terminal
    if terminal:
        work = replace(plan.work, terminal=True)
        plan = replace(plan, work=work)
    interactive = "interactive" in given.flags
    return RunOptions(plan=plan, interactive=interactive, terminal=terminal, notes=() if read is None else read.notes)


def _make_absolute(spec: dict[str, object]) -> None:
    """On a command line, relative names are relative to the working directory."""
    here = os.getcwd()
    layers = spec.get("layers")
    if isinstance(layers, list):
        spec["layers"] = [f"{here}/{name}" if name and not name.startswith("/") else name for name in layers]
    for field in ("upper", "work"):
        name = spec.get(field)
        if isinstance(name, str) and not name.startswith("/"):
            spec[field] = f"{here}/{name}"


def _read(arguments: list[str]) -> tuple[_Given, list[str], list[str]]:
    given, left = _Given(), list(arguments)
    words: list[str] = []
    while left:
        word = left.pop(0)
        if word == "--":
            return given, words, left
        if not word.startswith("-") or word == "-":
            words.append(word)
            if "builtin" not in given.spec and len(words) > 1:
                return given, words, left  # the command starts here; the rest are its arguments
            continue
        if word in ("-it", "-ti"):
            given.flags |= {"interactive", "tty"}
            continue
        name, equals, value = _SHORT.get(word, word.lstrip("-")).partition("=")
        name = {"i": "interactive", "t": "tty"}.get(name, name)
        if name in _FLAGS:
            given.flags.add(name)
        elif equals:
            given.take(name, value)
        elif left:
            given.take(name, left.pop(0))
        else:
            raise _usage(f"option '{word}' needs a value")
    return given, words, []


def _add_work(spec: dict[str, object], words: list[str]) -> None:
    if "builtin" in spec:
        spec["args"] = {name: _literal(value) for name, value in map(_pair, words)}
        spec.pop("command", None)
    elif words:
        spec["command"] = words
    elif "command" not in spec:
        raise _usage("a command is needed")


def _is_argument(word: str) -> bool:
    """Whether the first word after a builtin is NAME=VALUE and not the root directory, which may have a '=' too."""
    return word.partition("=")[0].replace("_", "").isalnum() and "=" in word


def _literal(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() else text


def _add_rest(spec: dict[str, object], given: _Given) -> None:
    flags = given.flags
    if "create-bridge" in flags:
        given.bridge["create"] = True
    if given.bridge:
        spec["bridge"] = given.bridge
        spec.setdefault("net", "bridge")
    for flag in ("readonly", "masquerade"):
        if flag in flags:
            spec[flag] = True
    if "no-seccomp" in flags:
        spec["seccomp"] = False
    if "new-privs" in flags:
        spec["no_new_privs"] = False
    if given.add_caps or given.drop_caps:
        base = spec.get("caps", list(DEFAULT_CAPS))
        kept = base if isinstance(base, list) and "ALL" not in given.drop_caps else []
        wanted = dict.fromkeys([*kept, *given.add_caps])
        spec["caps"] = [name for name in wanted if name not in given.drop_caps]

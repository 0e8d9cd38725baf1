"""Describes the change of a step for review before confirmation."""

from signal import Signals

from doctor.facts.secrets.redact import redact
from doctor.host.overlay import OverlayHost
from doctor.model.missing import HostError
from doctor.model.paths import HostPath, is_beneath
from doctor.model.step import (
    Attributes,
    CharacterDevice,
    Directory,
    File,
    HardLink,
    KernelValue,
    Move,
    Netlink,
    Put,
    Reload,
    Run,
    Signal,
    StartContainers,
    Step,
    Symlink,
)
from doctor.model.text import plural
from doctor.state.paths import STATE_DIR

_LIMIT_LINES = 200
_LIMIT_BYTES = 4 << 20
"""A larger text is not reviewed, and comparing it takes minutes."""


def describe(step: Step, view: OverlayHost, *, private: bool) -> str:
    """Return a diff or a line for a step; call it before ``view.apply(step)``.

    For ``private`` content (files of a data root have containers' environment) only the size is shown, also for doctor's copies
    of such files, for example the key of a swarm node.
    """
    match step:
        case Put(path=path, node=File(content=content)):
            return _file(path, content, view, private=private or is_beneath(path, STATE_DIR))
        case Put(path=path, node=Symlink(target=target)):
            return f"{path} → {target} (symbolic link)"
        case Put(path=path, node=Directory()):
            return f"{path}/ (directory)"
        case Put(path=path, node=CharacterDevice(major=major, minor=minor)):
            return f"{path} (character device {major}/{minor})"
        case Put(path=path, node=HardLink(target=target)):
            return f"{path} = {target} (hard link)"
        case Move(path=path, to=to):
            return f"{path} → {to or 'quarantine'}"
        case Attributes(path=path):
            return f"{path}: {_attributes(step)}"
        case KernelValue(path=path, value=value):
            return f"{path}: {_now(path, view)} → {value}"
    return _asked(step)


def _asked(step: Step) -> str:
    """Return a line for a step that changes no file: a command, a signal, a request."""
    match step:
        case Run(argv=argv, stdin=stdin):
            lines = [f"$ {' '.join(argv)}"] if argv else []
            lines += [f"    {line}" for line in stdin.decode("utf-8", "replace").splitlines()]
            return redact("\n".join(lines))
        case Signal(pid=pid, signal=number):
            return f"send {Signals(number).name} to process {pid}"
        case Reload(pid=pid):
            return f"send SIGHUP to process {pid}: reload its settings"
        case StartContainers(containers=containers):
            return "\n".join(f"start container {one.name} again" for one in containers)
        case Netlink(do=(kind, command, arguments)):
            return f"{kind} {command} {' '.join(f'{key} {value}' for key, value in arguments.items())}"
    return ""


def _now(path: str, view: OverlayHost) -> str:
    try:
        return view.read(HostPath(path)).decode("utf-8", "replace").strip()
    except HostError:
        return "?"


def _attributes(step: Attributes) -> str:
    parts = []
    if step.mode is not None:
        parts.append(f"mode {step.mode:04o}")
    if step.uid is not None or step.gid is not None:
        parts.append(f"owner {step.uid if step.uid is not None else '-'}:{step.gid if step.gid is not None else '-'}")
    if step.flags is not None:
        parts.append(f"inode flags {step.flags:#x}")
    parts.extend(f"xattr {name}" for name in step.xattrs)
    return ", ".join(parts)


def _file(path: str, content: bytes, view: OverlayHost, *, private: bool) -> str:
    try:
        old: bytes | None = view.read(HostPath(path), follow=False)
    except HostError:
        old = None
    now = plural(len(content), "byte")
    size = f"{len(old)} → {now}" if old is not None else f"new, {now}"
    if private:
        return f"{path}: {size}"
    if b"\0" in content or max(len(content), len(old or b"")) > _LIMIT_BYTES:
        return f"{path}: {'binary' if 0 in content else 'long'}, {size}"
    try:
        # Masked before the comparison: a value may have several lines, and a diff shows only some of them.
        before = redact((old or b"").decode("utf-8")).splitlines(keepends=True)
        after = redact(content.decode("utf-8")).splitlines(keepends=True)
    except UnicodeDecodeError:
        return f"{path}: binary, {size}"
    from difflib import unified_diff  # noqa: PLC0415 - a scan never shows a diff

    name = path if old is not None else "/dev/null"
    lines = [line.rstrip("\n") for line in unified_diff(before, after, name, path, n=2)]
    if len(lines) > _LIMIT_LINES:
        lines = [*lines[:_LIMIT_LINES], f"… {len(lines) - _LIMIT_LINES} more lines"]
    return "\n".join(lines)

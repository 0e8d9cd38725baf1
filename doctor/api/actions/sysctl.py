"""Changes of persistent kernel settings."""

from collections.abc import Callable, Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import EditFile
from doctor.api.actions.kernel import SetSysctl
from doctor.facts.kernel.sysctl import Setter, SysctlFiles
from doctor.facts.path.own.details import SettingChanged
from doctor.formats.kernel.sysctl_conf import comment_out, exclude, set_value
from doctor.formats.text import decode, encode
from doctor.model.action import Action
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.paths import HostPath

_HEAD = "# Written by doctor, to override other files. 'doctor undo' removes it.\n"
_LEFT = "Commented out by doctor: the engine turns forwarding on at its start. 'doctor undo' restores the line."


def persist_sysctl(key: str, value: str, files: SysctlFiles) -> Iterator[EditFile | Advise]:
    """Yield the edits that make ``value`` effective for every program that applies sysctl files.

    An administrator's line in /etc is changed in place, so that it does not contradict; a package's file, or a pattern that
    also matches other settings, is overridden by a later file. If no file sets the key, doctor's file does.
    """
    deciders = files.deciders(key)
    if not deciders:
        yield _append(key, value, files.file_after(None))
    for program, setter in deciders:
        if setter.value == value:
            continue
        if setter.is_editable:
            yield _edit(key, value, setter)
        elif program.name == "ufw":
            yield Advise(text=f"set {key} to {value} in {setter.file}, which ufw applies after everything else")
        else:
            yield _append(key, value, files.file_after(setter))


def leave_to_engine(key: str, files: SysctlFiles) -> Iterator[EditFile]:
    """Yield the edits after which no file turns ``key`` off, and none turns it on.

    An engine that finds forwarding off at its start turns it on, and sets the policy of FORWARD to DROP; one that finds it on leaves
    the policy at ACCEPT, and the host then forwards for everybody. So a line that says 0 is commented out, not set to 1. A
    package's file is replaced by a file of the same name in /etc/sysctl.d, which masks it.
    """
    for setter in files.setters(key, "0"):
        if setter.pattern:
            path = files.file_after(setter)
            what = f"exempt {key} from the pattern {setter.pattern} of {setter.place}, in {path}"
            yield EditFile(path=path, edit=_excluded(key), what=what, create=True)
            continue
        path = setter.real or setter.file
        what = f"comment out {key} = 0 in {path}, line {setter.line}"
        if setter.is_editable:
            yield EditFile(path=path, edit=_commented(key), what=what)
        else:
            masking = HostPath(f"/etc/sysctl.d/{setter.file.rpartition('/')[2]}")
            what = f"write {masking}, which replaces {setter.file}, without its line {setter.line}, {key} = 0"
            yield EditFile(path=masking, edit=_commented(key), what=what, create=True, origin=path)


def _commented(key: str) -> Callable[[bytes], bytes]:
    return lambda old: encode(comment_out(decode(old), key, "0", _LEFT))


def _excluded(key: str) -> Callable[[bytes], bytes]:
    return lambda old: encode(exclude(decode(old) or _HEAD, key))


def _edit(key: str, value: str, setter: Setter) -> EditFile:
    path = setter.real or setter.file
    return EditFile(path=path, edit=_setting(key, value), what=f"set {key} to {value} in {path}, line {setter.line}")


def _append(key: str, value: str, path: HostPath) -> EditFile:
    return EditFile(
        path=path, edit=_setting(key, value, head=_HEAD), what=f"set {key} to {value} in {path}", create=True
    )


def _setting(key: str, value: str, *, head: str = "") -> Callable[[bytes], bytes]:
    def edit(old: bytes) -> bytes:
        return encode(set_value(decode(old) or head, key, value))

    return edit


def kept_setting(
    detail: SettingChanged, files: SysctlFiles | Missing, *, usual: str, more: tuple[Action, ...] = ()
) -> Iterator[Action]:
    """Yield what sets the value of the last healthy scan, and ``more`` after it; else the command.

    If a file sets the present value, somebody wants it, perhaps to close something: a question then.
    """
    if not detail.was:
        yield Advise(text=f"sysctl -w {detail.key}={usual}, if nobody needs the value {detail.value or 'that it has'}")
        return
    now = SetSysctl(key=detail.key, value=detail.was)
    wanted = [] if isinstance(files, Missing) else [one for _, one in files.deciders(detail.key)]
    wanted = [one for one in wanted if one.value.strip() == detail.value]
    if isinstance(files, Missing) or not wanted:
        yield now
        yield from more
        return
    places = tuple(dict.fromkeys(f"{one.file}:{one.line}" for one in wanted))
    yield Choose(
        question=f"whether {detail.key} stays {detail.value}, which {places[0]} sets",
        options=(
            Choosable(
                name="restore",
                evidence=(Evidence("last healthy scan", f"{detail.key} = {detail.was}"),),
                actions=(now, *persist_sysctl(detail.key, detail.was, files), *more),
            ),
            Choosable(
                name="leave",
                evidence=tuple(Evidence(place, f"{detail.key} = {detail.value}") for place in places),
                actions=(),
            ),
        ),
    )

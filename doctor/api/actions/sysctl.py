"""Changes of persistent kernel settings."""

from collections.abc import Callable, Iterator

from doctor.api.actions.advice import Advise
from doctor.api.actions.choose import Choosable, Choose
from doctor.api.actions.files import EditFile
from doctor.api.actions.kernel import SetSysctl
from doctor.facts.kernel.sysctl import Setter, SysctlFiles
from doctor.facts.path.own.details import SettingChanged
from doctor.formats.kernel.sysctl_conf import set_value
from doctor.formats.text import decode, encode
from doctor.model.action import Action
from doctor.model.finding import Evidence
from doctor.model.missing import Missing
from doctor.model.paths import HostPath

_HEAD = "# Written by doctor, to override other files. 'doctor undo' removes it.\n"


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

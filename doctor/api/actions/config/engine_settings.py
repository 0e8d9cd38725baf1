"""Changes of the engine's settings in place: in daemon.json, an environment file, a unit or a drop-in.

All other bytes of a file are kept. A packaged unit is never edited: a drop-in overrides its command.
``restart`` is whether the running engine must restart to apply the change; not needed for a setting that would only have
prevented its next start.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from doctor.api.actions.files import EditFile, missing_parents
from doctor.api.actions.units import ReloadUnits
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import DaemonJson, Place
from doctor.facts.engine.units import EngineUnits
from doctor.facts.secrets.redact import as_json, revealed
from doctor.formats.config import env_file, flag_edit, json_edit, unit_command, unit_file
from doctor.formats.text import decode, encode
from doctor.model.action import Action, Stage
from doctor.model.errors import FormatError
from doctor.model.missing import Missing
from doctor.model.paths import HostPath, join
from doctor.model.severity import Applicability
from doctor.model.step import File, Put, Step
from doctor.model.text import plural
from doctor.model.view import View

_UNIT_FILES = ("/etc/systemd/", "/run/systemd/", "/usr/local/lib/systemd/")
DROP_IN = join(docker.DROPINS, "zz-doctor.conf")
"""Sorts after drop-ins with usual names (10-…, override.conf), so that its command is effective."""

_CORRECTIONS = {
    "bare-word": "quote the word",
    "comment": "remove the comment",
    "equals": "replace '=' with ':'",
    "extra-comma": "remove the extra comma",
    "literal": "correct the spelling of the value",
    "missing-comma": "add the missing comma",
    "single-quotes": "replace the single quotes",
    "smart-quotes": "replace the typographic quotes",
    "trailing-comma": "remove the trailing comma",
    "truncated": "add the missing end",
    "unquoted-key": "quote the key",
}
"""The correction of a single mistake, by its kind."""


def set_setting(file: HostPath, path: tuple[str, ...], value: Any, *, restart: bool = True) -> EditFile:
    """Set a key of daemon.json; the file is created if it does not exist."""
    return EditFile(
        path=file,
        edit=_Json(path=path, value=value),
        what=f"set {'.'.join(path)} to {as_json(value)} in {file}",
        create=True,
        needs_engine_restart=restart,
    )


def remove_setting(file: HostPath, path: tuple[str, ...], why: str = "", *, restart: bool = True) -> EditFile:
    """Remove a key from daemon.json."""
    what = f"remove {'.'.join(path)} from {file}" + (f": {why}" if why else "")
    return EditFile(path=file, edit=_Json(path=path, remove=True), what=what, needs_engine_restart=restart)


def rename_setting(file: HostPath, key: str, new: str, *, restart: bool = True) -> EditFile:
    """Rename a key of daemon.json."""
    return EditFile(
        path=file,
        edit=_Json(path=(key,), rename=new),
        what=f"rename {key} to {new} in {file}",
        needs_engine_restart=restart,
    )


def repair_json(file: DaemonJson) -> EditFile:
    """Make daemon.json valid JSON by the smallest change; comments are removed, because JSON has none."""
    places = file.mistake_places
    if len(places) == 1:
        what = f"{_CORRECTIONS.get(file.mistakes[0], 'correct the syntax')} in {file.path}, {places[0]}"
    else:
        what = f"correct {plural(len(places), 'syntax error')} in {file.path}, the first in {places[0]}"
    return EditFile(path=file.path, edit=_valid, what=what, needs_engine_restart=False)


def _valid(data: bytes) -> bytes:
    from doctor.formats.config import json_mend  # noqa: PLC0415 - only an invalid file is repaired

    repaired = json_mend.examine(data).repaired
    return data if repaired is None else repaired


def replace_list_item(file: HostPath, key: str, old: str, new: str | None, *, restart: bool = True) -> EditFile:
    """Change or remove (``None``) one string of a list in daemon.json."""
    what = f"remove {as_json(old)} from {key}" if new is None else f"change {as_json(old)} to {as_json(new)} in {key}"
    return EditFile(
        path=file, edit=_Item(key=key, old=old, new=new), what=f"{what} in {file}", needs_engine_restart=restart
    )


def set_flag(place: Place, name: str, value: str, *, restart: bool = True) -> Action:
    """Change the value of a flag in place; a packaged unit is not changed, and a drop-in omits the flag."""
    if place.is_packaged and place.kind == "unit":
        return OverrideCommand(unit=place.file, flag=name, needs_engine_restart=restart)
    what = f"set --{name} to {value} in {_of(place)}"
    edit = _Flag(place=place, flag=name, value=revealed(value))
    return EditFile(path=place.file, edit=edit, what=what, needs_engine_restart=restart)


def add_flag(place: Place, name: str, value: str, *, restart: bool = True) -> EditFile:
    """Add a flag to those at ``place``, which must be a variable."""
    what = f"add --{name} {value} to {_of(place)}"
    edit = _Flag(place=place, flag=name, value=revealed(value), add=True)
    return EditFile(path=place.file, edit=edit, what=what, needs_engine_restart=restart)


def remove_flag(place: Place, name: str, value: str | None = None, *, restart: bool = True) -> Action:
    """Remove a flag at its location: every occurrence, or only those with this value."""
    if place.is_packaged and place.kind == "unit":
        return OverrideCommand(unit=place.file, flag=name, needs_engine_restart=restart)
    shown = f"--{name}" if value is None else f"--{name} {value}"
    edit = _Flag(place=place, flag=name, only=value, remove=True)
    what = f"remove {shown} from {_of(place)}"
    return EditFile(path=place.file, edit=edit, what=what, needs_engine_restart=restart)


def with_reload(units: EngineUnits | Missing, actions: Iterable[Action]) -> Iterator[Action]:
    """Yield the actions, and a reload of systemd if one of them changes a unit or drop-in."""
    touches = False
    for action in actions:
        path = action.path if isinstance(action, EditFile) else ""
        touches = touches or isinstance(action, OverrideCommand) or path.startswith(_UNIT_FILES)
        yield action
    if touches and isinstance(units, EngineUnits):
        yield ReloadUnits(units=units)


def clear_command(file: HostPath) -> EditFile:
    """Insert an empty ``ExecStart=`` before the first one of a drop-in, so that its command replaces the unit's."""
    return EditFile(
        path=file,
        edit=_cleared,
        what=f"insert an empty ExecStart= before the one in {file}",
        needs_engine_restart=False,
    )


def _cleared(data: bytes) -> bytes:
    text = decode(data)
    starts = [found for found in unit_file.parse(text) if (found.section, found.key) == ("Service", "ExecStart")]
    if not starts or not starts[0].value:
        return data
    lines = text.split("\n")
    end = "\r" if lines[starts[0].line - 1].endswith("\r") else ""
    lines.insert(starts[0].line - 1, f"ExecStart={end}")
    return encode("\n".join(lines))


class OverrideCommand(Struct, frozen=True, kw_only=True):
    """Override the command of a packaged unit without one flag, in a drop-in; the package's file is not changed."""

    unit: HostPath
    flag: str
    risk: Applicability = Applicability.SAFE
    stage: Stage = Stage.CONFIG
    needs_engine_restart: bool = True

    @property
    def summary(self) -> str:
        """Return its effect."""
        return f"override the command of {self.unit} without --{self.flag} in the drop-in {DROP_IN}"

    def steps(self, view: View) -> Iterator[Step]:
        """Yield the drop-in, built from the command at that time."""
        setting = _command(decode(view.read(self.unit)), self.unit)
        content = encode(unit_command.drop_in_without_flag(setting, self.flag))
        yield from missing_parents(view, DROP_IN)
        yield Put(path=DROP_IN, node=File(content=content))


class _Json(Struct, frozen=True, kw_only=True):
    """An edit of daemon.json."""

    path: tuple[str, ...]
    value: Any = None
    remove: bool = False
    rename: str = ""

    def __call__(self, data: bytes) -> bytes:
        if self.remove:
            return json_edit.remove_key(data, self.path)
        if self.rename:
            return json_edit.rename_key(data, self.path, self.rename)
        return json_edit.set_value(data, self.path, self.value)


class _Item(Struct, frozen=True, kw_only=True):
    """An edit of one string in a list of daemon.json; an empty list is removed."""

    key: str
    old: str
    new: str | None

    def __call__(self, data: bytes) -> bytes:
        from doctor.formats.config import daemon_json  # noqa: PLC0415 - only this edit reads values

        found = daemon_json.read(data).value.get(self.key)
        if not isinstance(found, list) or self.old not in found:
            return data
        items = [self.new if item == self.old else item for item in found]
        items = [item for item in items if item is not None]
        return json_edit.set_value(data, self.key, items) if items else json_edit.remove_key(data, self.key)


class _Flag(Struct, frozen=True, kw_only=True):
    """An edit of one flag in an environment file or a unit."""

    place: Place
    flag: str
    value: str = ""
    only: str | None = None
    remove: bool = False
    add: bool = False

    def __call__(self, data: bytes) -> bytes:
        text = decode(data)
        if self.place.kind == "unit":
            setting = _command(text, self.place.file)
            if self.remove:
                return encode(flag_edit.remove(text, setting.command, self.flag, value=self.only))
            return encode(unit_command.set_flag(text, setting, self.flag, self.value))
        if self.add:
            return encode(env_file.add_flag(text, self.place.variable, self.flag, self.value))
        if not self.remove:
            return encode(env_file.set_flag(text, self.place.variable, self.flag, self.value))
        entry = env_file.last(text, self.place.variable)
        if entry is None:
            return data
        return encode(flag_edit.remove(text, entry.located, self.flag, value=self.only))


def _command(text: str, path: HostPath) -> unit_file.UnitSetting:
    starts = unit_file.merge([(path, text)]).listed("Service", "ExecStart")
    if not starts:
        raise FormatError("it has no ExecStart=", where=path)
    return starts[-1]


def _of(place: Place) -> str:
    return f"{place.variable} of {place.file}" if place.variable else place.file

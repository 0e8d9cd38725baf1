"""Builds the command line of a systemd unit: ExecStart with expanded variables, each word with its origin."""

import re
from collections.abc import Mapping

from msgspec import Struct

from doctor.formats.config import env_file, flag_edit, words
from doctor.formats.config.unit_file import Unit, UnitSetting
from doctor.model.errors import FormatError

_VARIABLE = r"\$(?:\$|\{(\w+)\}|(\w+))"


class Argument(Struct, frozen=True, kw_only=True):
    """One word of the command line.

    Attributes:
        text: as passed to the program.
        path: the file that it comes from: a unit, a drop-in or an environment file.
        line: the line where its setting starts.
        variable: the variable that it comes from; "" for a word of ExecStart itself.
    """

    text: str
    path: str
    line: int
    variable: str


class Command(Struct, frozen=True, kw_only=True):
    """The command of a unit.

    Attributes:
        program: the path of the program.
        arguments: after the program.
        setting: the effective ExecStart.
        missing_files: environment files that don't exist and weren't marked optional ("-"): the unit won't start.
    """

    program: str
    arguments: tuple[Argument, ...]
    setting: UnitSetting
    missing_files: tuple[str, ...]

    @property
    def argv(self) -> tuple[str, ...]:
        """The words after the program."""
        return tuple(argument.text for argument in self.arguments)


def environment_files(unit: Unit) -> tuple[tuple[str, bool], ...]:
    """The environment files that a unit reads, in order, each with whether it may be missing."""
    found = unit.listed("Service", "EnvironmentFile")
    return tuple((setting.value.removeprefix("-").strip(), setting.value.startswith("-")) for setting in found)


def command(unit: Unit, env_files: Mapping[str, str]) -> Command | None:
    r"""The command line of a service; None without ExecStart.

    Args:
        unit: the merged unit.
        env_files: the text of each existing environment file that `environment_files` names, by path.

    As systemd does: a word that is just $NAME is split at blanks, ${NAME} stays one word, $$ is a dollar; later
    environment files override earlier ones, and all override Environment= (systemd.exec(5), systemd.service(5)).

    >>> from doctor.formats.config.unit_file import merge
    >>> text = "[Service]\nEnvironmentFile=-/etc/sysconfig/docker\nExecStart=/usr/bin/dockerd -H fd:// $OPTIONS"
    >>> command(merge([("u", text)]), {"/etc/sysconfig/docker": "OPTIONS='--log-driver=journald --debug'"}).argv
    ('-H', 'fd://', '--log-driver=journald', '--debug')
    """
    starts = unit.listed("Service", "ExecStart")
    if not starts:
        return None
    setting = starts[-1]
    found = [_unescaped(word.text) for word in words.split(setting.value)]
    program = found[0].lstrip("@-:+!|") if found else ""
    variables, missing = _variables(unit, env_files)
    arguments: list[Argument] = []
    for word in found[1:]:
        arguments.extend(_expand(word, setting, variables))
    return Command(
        program=program,
        arguments=tuple(arguments),
        setting=setting,
        missing_files=missing,
    )


def set_flag(text: str, setting: UnitSetting, flag: str, value: str) -> str:
    """A unit or drop-in with a flag of its ExecStart changed in place, or added after the last word.

    Args:
        text: the file that the setting was read from.
        setting: an ExecStart.
        flag: with or without dashes.
        value: of letters that no quoting touches.

    Raises:
        FormatError: the value would need quoting, or the flag has a form that can't be changed.
    """
    long = flag.lstrip("-")
    changed = flag_edit.replace(text, setting.command, long, value)
    if changed is not None:
        return changed
    end = setting.offsets[-1] + 1
    return f"{text[:end]} --{long}={value}{text[end:]}"


def remove_flag(text: str, setting: UnitSetting, flag: str) -> str:
    """A unit or drop-in without a flag in its ExecStart. Raises FormatError if it is part of joined short flags."""
    return flag_edit.remove(text, setting.command, flag.lstrip("-"))


def drop_in_without_flag(setting: UnitSetting, flag: str) -> str:
    r"""A new drop-in that starts the same command without a flag: the packaged unit stays unchanged.

    Raises:
        FormatError: the flag is not in the command itself.

    >>> from doctor.formats.config.unit_file import parse
    >>> print(drop_in_without_flag(parse("[Service]\nExecStart=/usr/bin/dockerd -H fd:// $OPTIONS")[0], "host"), end="")
    [Service]
    ExecStart=
    ExecStart=/usr/bin/dockerd $OPTIONS
    """
    value = setting.value
    located = flag_edit.Located(value=value, offsets=tuple(range(len(value))), escapes=True, skipped=1)
    changed = flag_edit.remove(value, located, flag.lstrip("-"))
    if changed == value:
        raise FormatError(f"{flag} is not in ExecStart", where=f"{setting.path}:{setting.line}")
    return f"[Service]\nExecStart=\nExecStart={changed}\n"


def _unescaped(word: str) -> str:
    # Specifiers (%n, %i …) need the running manager; only the literal percent is known here.
    return word.replace("%%", "%")


def _variables(unit: Unit, env_files: Mapping[str, str]) -> tuple[dict[str, Argument], tuple[str, ...]]:
    """Each variable's value with its origin, and the files that should exist."""
    found: dict[str, Argument] = {}
    for setting in unit.listed("Service", "Environment"):
        for word in words.split(setting.value):
            name, equals, value = _unescaped(word.text).partition("=")
            if equals:
                found[name] = Argument(text=value, path=setting.path, line=setting.line, variable=name)
    missing = []
    for path, is_optional in environment_files(unit):
        text = env_files.get(path)
        if text is None:
            if not is_optional and "*" not in path:
                missing.append(path)
            continue
        for entry in env_file.parse(text):
            if not entry.is_exported:
                found[entry.name] = Argument(text=entry.value, path=path, line=entry.line, variable=entry.name)
    return found, tuple(missing)


def _expand(word: str, setting: UnitSetting, variables: Mapping[str, Argument]) -> list[Argument]:
    """The words that one word of ExecStart expands to."""
    alone = re.fullmatch(_VARIABLE, word)
    if alone is not None and alone[2]:
        origin = variables.get(alone[2])
        if origin is None:
            return []
        parts = words.split(origin.text, escapes=False)
        return [
            Argument(text=part.text, path=origin.path, line=origin.line, variable=origin.variable) for part in parts
        ]
    used: list[Argument] = []

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            # "$NAME" within a word is kept; only "${NAME}" is expanded there.
            return "$" if match[2] is None else match[0]
        origin = variables.get(match[1])
        if origin is None:
            return ""
        used.append(origin)
        return origin.text

    text = re.sub(_VARIABLE, value, word)
    origin = used[0] if len(used) == 1 else Argument(text="", path=setting.path, line=setting.line, variable="")
    return [Argument(text=text, path=origin.path, line=origin.line, variable=origin.variable)]

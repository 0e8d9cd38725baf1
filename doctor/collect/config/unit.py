"""Reads a unit with its drop-ins: the command that systemd will run, each word with its location."""

import re

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import Place
from doctor.facts.secrets.redact import redact
from doctor.formats.config import env_file, unit_command, unit_file, words
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.missing import HostError, Missing
from doctor.model.paths import HostPath

_VARIABLE = re.compile(r"\$\{?(\w+)")
_PACKAGED = ("/usr/lib/", "/lib/", "/usr/local/lib/")


class EngineLaunch(Struct):
    """The engine's command line, while it is being assembled.

    ``words`` pairs each word of the command line with its location, ``reads`` are the environment files, ``uses`` the
    expanded variables.
    """

    launcher: str = ""
    file: str = ""
    words: list[tuple[str, Place]] = []
    reads: list[HostPath] = []
    uses: list[str] = []
    environment: dict[str, str] = {}
    commands: list[tuple[Place, str]] = []
    missing_files: tuple[str, ...] = ()
    is_masked: bool = False
    drop_ins: tuple[str, ...] = ()
    gaps: list[Missing] = []


def read_text(host: Host, path: HostPath, gaps: list[Missing]) -> str | None:
    """Return a small file's text, ``None`` if it does not exist; an unreadable file becomes a gap."""
    try:
        return decode(host.read(path, limit_bytes=1 << 20))
    except HostError as error:
        if not error.is_absent:
            gaps.append(error.missing)
        return None


def read(host: Host, launch: EngineLaunch, name: str = docker.SERVICE) -> bool:
    """Add the unit's command line; return whether the unit exists."""
    main = _main(host, name)
    if main is None:
        return False
    launch.launcher = "systemd"
    launch.file = main
    if _is_null(host, main):
        launch.is_masked = True
        return True
    launch.drop_ins = unit_file.drop_in_order(name, _drop_ins(host, name))
    texts = [(path, read_text(host, HostPath(path), launch.gaps)) for path in (main, *launch.drop_ins)]
    unit = unit_file.merge((path, text) for path, text in texts if text is not None)
    files = {path: read_text(host, HostPath(path), launch.gaps) for path, _ in unit_command.environment_files(unit)}
    command = unit_command.command(unit, {path: text for path, text in files.items() if text is not None})
    launch.reads = [HostPath(path) for path in files]
    launch.environment = _environment(unit, files)
    if command is None:
        return True
    launch.uses = _VARIABLE.findall(command.setting.value)
    launch.missing_files = command.missing_files
    launch.commands = [
        (_place(setting.path, setting.line), redact(setting.value)) for setting in unit.listed("Service", "ExecStart")
    ]
    for argument in command.arguments:
        launch.words.append((argument.text, _place(argument.path, argument.line, argument.variable)))
    return True


def _place(path: str, line: int, variable: str = "") -> Place:
    return Place(
        kind="variable" if variable else "unit",
        file=HostPath(path),
        line=line,
        variable=variable,
        is_packaged=path.startswith(_PACKAGED),
    )


def _main(host: Host, name: str) -> str | None:
    """Return the effective unit file; a link to /dev/null (masked) is one too."""
    paths = [f"{folder}/{name}" for folder in unit_file.DIRECTORIES]
    return unit_file.unit_path(name, [path for path in paths if host.exists(HostPath(path))])


def listen_streams(host: Host, name: str) -> tuple[str, ...]:
    """Return the addresses of a socket unit, from its files."""
    unit = socket_unit(host, name)
    return () if unit is None else tuple(setting.value for setting in unit.listed("Socket", "ListenStream"))


def socket_unit(host: Host, name: str) -> unit_file.Unit | None:
    """Return a socket unit with its drop-ins, ``None`` if it does not exist or is masked."""
    main = _main(host, name)
    if main is None or _is_null(host, main):
        return None
    paths = (main, *unit_file.drop_in_order(name, _drop_ins(host, name, "socket")))
    texts = [(path, read_text(host, HostPath(path), [])) for path in paths]
    return unit_file.merge((path, text) for path, text in texts if text is not None)


def _is_null(host: Host, path: str) -> bool:
    try:
        return host.readlink(HostPath(path)) == "/dev/null"
    except HostError:
        return False


def _drop_ins(host: Host, name: str, every: str = "service") -> list[str]:
    found: list[str] = []
    for folder in unit_file.DIRECTORIES:
        for kind in (name, every):
            directory = f"{folder}/{kind}.d"
            try:
                found.extend(f"{directory}/{file}" for file in host.listdir(HostPath(directory)))
            except HostError:
                continue
    return found


def _environment(unit: unit_file.Unit, files: dict[str, str | None]) -> dict[str, str]:
    found = {}
    for setting in unit.listed("Service", "Environment"):
        for word in words.split(setting.value):
            name, equals, value = word.text.partition("=")
            if equals:
                found[name] = value
    for text in files.values():
        found.update(env_file.variables(text or "", exported=False))
    return found

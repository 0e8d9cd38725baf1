"""Determines the engine's command line of the next start, and the location of each word."""

import re
from collections.abc import Iterable, Iterator

from doctor.collect.config import unit as engine_unit
from doctor.collect.config.unit import EngineLaunch, read_text
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineFlags, GivenFlag, Place, UnreadVariable
from doctor.facts.config.flag_values import concealed_flag
from doctor.facts.secrets.redact import conceal
from doctor.formats.config import env_file, flags, words
from doctor.host.base import Host
from doctor.model.missing import HostError
from doctor.model.paths import HostPath
from doctor.model.process import Process

_USED = re.compile(r"\$\{?([A-Za-z_]*(?:OPTIONS|OPTS|other_args)[A-Za-z_]*)")
_FILES = re.compile(r"/etc/(?:default|sysconfig|conf\.d)/(?:docker[\w-]*|\$\{?\w+\}?)")
_VARIABLES = r"(?:DOCKER|DOCKERD)_?\w*OPT(?:ION)?S|OPTIONS|other_args"
_ENVIRONMENT = r"DOCKER_[A-Z_]+|(?:HTTPS?|NO|ALL)_PROXY|(?:https?|no|all)_proxy"


def read(host: Host, process: Process | None) -> EngineFlags:
    """Return the flags of the next start, and those of ``process`` if it runs."""
    launch = _launch(host)
    configured, arguments = _given(launch.words)
    environment = {name: value for name, value in launch.environment.items() if re.fullmatch(_ENVIRONMENT, name)}
    if process is not None:
        environment |= _environ(host, process.pid)
    return EngineFlags(
        launcher=launch.launcher,
        launcher_file=launch.file,
        configured=configured,
        arguments=arguments,
        running=None if process is None else _running(process, configured),
        environment=environment,
        unread=tuple(_unread(host, launch)),
        commands=tuple(launch.commands),
        missing_files=launch.missing_files,
        is_masked=launch.is_masked,
        drop_ins=launch.drop_ins,
        gaps=tuple(launch.gaps),
    )


def _launch(host: Host) -> EngineLaunch:
    boots_systemd = host.exists(HostPath("/run/systemd/system")) if host.is_live() else True
    if boots_systemd:
        launch = EngineLaunch()
        if engine_unit.read(host, launch):
            return launch
    launch = EngineLaunch()
    text = read_text(host, docker.INIT_SCRIPT, launch.gaps)
    if text is not None:
        _read_script(host, text, launch)
    return launch


def _read_script(host: Host, text: str, launch: EngineLaunch) -> None:
    first = text.partition("\n")[0]
    launch.launcher = "openrc" if "openrc-run" in first or "runscript" in first else "sysv"
    launch.file = docker.INIT_SCRIPT
    code = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))
    launch.uses = list(dict.fromkeys(_USED.findall(code)))
    named = [re.sub(r"\$.*", "docker", found) for found in _FILES.findall(code)]
    if launch.launcher == "openrc":
        named.append(docker.OPENRC_OPTIONS)
    launch.reads = [HostPath(path) for path in dict.fromkeys(named)]
    values: dict[str, tuple[HostPath, env_file.Assignment]] = {}
    for path in launch.reads:
        content = read_text(host, path, launch.gaps)
        for entry in env_file.parse(content or ""):
            values[entry.name] = (path, entry)
            if entry.is_exported:
                launch.environment[entry.name] = entry.value
    for name in launch.uses:
        if name in values:
            path, entry = values[name]
            place = Place(kind="variable", file=path, line=entry.line, variable=name)
            launch.words.extend((word.text, place) for word in words.split(entry.value, escapes=False))


def _given(tokens: Iterable[tuple[str, Place]]) -> tuple[tuple[GivenFlag, ...], tuple[str, ...]]:
    pairs = list(tokens)
    line = flags.parse([word for word, _ in pairs])
    return tuple(_flag(found, pairs[found.index][1]) for found in line.flags), line.arguments


def _flag(found: flags.Flag, place: Place | None) -> GivenFlag:
    key = flags.config_key(found.name)
    return GivenFlag(name=found.name, key=key, value=concealed_flag(key, found.value), place=place)


def _running(process: Process, configured: tuple[GivenFlag, ...]) -> tuple[GivenFlag, ...]:
    """Return the process's flags; those that are also in files have a location."""
    places = {(flag.name, flag.value): flag.place for flag in configured}
    given = (_flag(found, None) for found in flags.parse(process.argv[1:]).flags)
    return tuple(
        GivenFlag(name=flag.name, key=flag.key, value=flag.value, place=places.get((flag.name, flag.value)))
        for flag in given
    )


def _environ(host: Host, pid: int) -> dict[str, str]:
    try:
        return {name: value for name, value in host.environ(pid).items() if re.fullmatch(_ENVIRONMENT, name)}
    except HostError:
        return {}


def _unread(host: Host, launch: EngineLaunch) -> Iterator[UnreadVariable]:
    """Yield variables with flags in the usual files that the launcher does not read, or does not use."""
    if not launch.launcher:
        return
    for path in docker.OPTION_FILES:
        for entry in env_file.parse(read_text(host, path, launch.gaps) or ""):
            if not re.fullmatch(_VARIABLES, entry.name) or "-" not in entry.value:
                continue
            if path not in launch.reads or entry.name not in launch.uses:
                yield UnreadVariable(
                    file=path,
                    line=entry.line,
                    name=entry.name,
                    value=conceal(entry.name, entry.value),
                    reader=launch.file,
                )

"""Examines the docker command and its plugins, by the beginning of each file."""

import re
from collections.abc import Iterator

from doctor.collect.engine.programs import PLACES, problem_of
from doctor.engines.docker import places as docker
from doctor.facts.access.client_programs import BrokenClient, ClientPrograms
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

# docker/cli, cli-plugins/manager/manager_unix.go: the first directory that has a plugin wins.
_PLUGINS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
# docker/cli, cli-plugins/manager: a file of another name, such as a copy with a suffix, and a directory are not plugins.
_PLUGIN = re.compile(r"docker-[a-z][a-z0-9]*")
_PREFIX = "docker-"
_MOST = 30


@collector
def client_programs(host: Host) -> ClientPrograms:
    """Return the broken ones. Of several docker commands the first in the usual search path is used."""
    paths = (HostPath(f"{place}/{docker.CLIENT}") for place in PLACES)
    found = next(((path, problem) for path in paths if (problem := problem_of(host, path)) is not None), None)
    if found is None:
        raise HostError(Missing(Why.ABSENT, "no docker command is installed"))
    path, problem = found
    broken = [BrokenClient(path=path, name=docker.CLIENT, problem=problem)] if problem else []
    return ClientPrograms(broken=(*broken, *_plugins(host)))


def _plugins(host: Host) -> Iterator[BrokenClient]:
    seen: set[str] = set()
    for place in _PLUGINS:
        try:
            names = sorted(host.listdir(HostPath(place)))[:_MOST]
        except HostError:
            continue
        for name in names:
            if _PLUGIN.fullmatch(name) is None or name in seen:
                continue
            seen.add(name)
            path = HostPath(f"{place}/{name}")
            problem = problem_of(host, path)
            # The command ignores a file without the mode, as one without the name.
            if problem and problem not in {"not executable", "not a file"}:
                command = f"{docker.CLIENT} {name.removeprefix(_PREFIX)}"
                yield BrokenClient(path=path, name=command, problem=problem, is_plugin=True)

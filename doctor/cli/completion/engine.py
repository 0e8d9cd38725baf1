"""Names of containers and images, from few files of the data root: a scan of it would keep a shell waiting.

The facts of a scan read each record in full, after the settings, the units and the processes that say where the data root is:
70 ms for a small host. A name that is missing here costs nothing but the letters.
"""

import json
import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from doctor.engines.docker import places as docker

_SETTINGS = "/etc/docker/daemon.json"
_MOST = 2000
_LIMIT_BYTES = 4 << 20
_NAME = re.compile(rb'"Name":"/([a-zA-Z0-9][a-zA-Z0-9_.-]*)"')
_HOST_PORT = re.compile(rb'"HostPort":"([0-9]+)"')


class Named(NamedTuple):
    """A container."""

    name: str
    is_running: bool
    ports: tuple[str, ...]


def containers() -> list[Named]:
    """Return the containers of the data root, sorted by name."""
    top = os.path.join(data_root(), docker.CONTAINERS)
    found = []
    for identity in _listed(top)[:_MOST]:
        content = _read(os.path.join(top, identity, docker.CONTAINER_CONFIG))
        name = _NAME.search(content)
        if name is not None:
            ports = tuple(dict.fromkeys(port.decode() for port in _HOST_PORT.findall(content)))
            found.append(Named(name[1].decode(), b'"Running":true' in content, ports))
    return sorted(found, key=lambda one: one.name)


def images() -> list[str]:
    """Return the names of the images of the graph drivers' stores."""
    return sorted(set(_images()))


def _images() -> Iterator[str]:
    top = os.path.join(data_root(), docker.IMAGE)
    for driver in _listed(top):
        names = _object(_read(os.path.join(top, driver, docker.TAGS))).get("Repositories")
        for repository in names.values() if isinstance(names, dict) else ():
            yield from (name for name in repository if "@" not in name and name.isprintable())


def data_root() -> str:
    """Return the data root that daemon.json names, or the default one."""
    named = _object(_read(_SETTINGS)).get("data-root")
    return named if isinstance(named, str) and named.startswith("/") else str(docker.DEFAULT_ROOT)


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _listed(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []


def _read(path: str) -> bytes:
    """Return the content of a regular file, b"" if that is not possible at once."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(handle, _LIMIT_BYTES)
    except OSError:
        return b""
    finally:
        os.close(handle)

"""Containers that the engine reports as running while their own files are missing or corrupt."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from doctor.facts.containers.stopped import Stopping
from doctor.formats.json_safe import load
from doctor.formats.json_values import mapping
from doctor.host.base import Host
from doctor.model.errors import FormatError
from doctor.model.missing import HostError
from doctor.model.step import Stopped


def unread(host: Host, running: int, known: Iterable[Stopping]) -> tuple[Stopping, ...]:
    """Return these containers. The engine is asked only if it counts more running ones than ``known``.

    One that was run with ``--rm`` is assumed to have written files: its stop would remove them.
    """
    named = {one.container.id: one.container for one in known}
    # The engine does not count paused containers as running.
    if running <= sum(not one.paused for one in named.values()):
        return ()
    listed = _ask(host, "/containers/json")
    found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return tuple(_stopping(host, one) for one in found if isinstance(one.get("Id"), str) and one["Id"] not in named)


def _ask(host: Host, path: str) -> Any:
    try:
        answer = host.engine(path)
        return load(answer.body) if answer.status == 200 else None
    except (HostError, FormatError):
        return None


def _stopping(host: Host, listed: dict[str, Any]) -> Stopping:
    identity = listed["Id"]
    about = mapping(_ask(host, f"/containers/{quote(identity, safe='')}/json"))
    settings = mapping(about.get("HostConfig"))
    policy = mapping(settings.get("RestartPolicy")).get("Name")
    is_removed = settings.get("AutoRemove") is True
    name = next(_names(about, listed), identity[:12])
    container = Stopped(id=identity, name=name, paused=mapping(about.get("State")).get("Paused") is True)
    return Stopping(
        container=container,
        policy=policy if isinstance(policy, str) and policy in {"always", "unless-stopped"} else "",
        is_removed=is_removed,
        has_files=is_removed,
    )


def _names(about: dict[str, Any], listed: dict[str, Any]) -> Iterator[str]:
    names = listed.get("Names")
    for name in (about.get("Name"), *(names if isinstance(names, list) else ())):
        if isinstance(name, str) and name.strip("/"):
            yield name.lstrip("/")

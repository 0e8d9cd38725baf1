"""Networks, containers and runtimes that containers need and that are missing: a start fails."""

import re
from collections.abc import Iterator

from msgspec import Struct

from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Attachment, Container, Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.network.needs import BUILT_IN
from doctor.formats.images.oci_digest import is_hex64
from doctor.model.finding import Subject
from doctor.model.severity import Severity

BUILT_IN_RUNTIMES = re.compile(r"|runc|io\.containerd\..*|.*/.*")
"""The engine's built-in runtimes, and shims that containerd finds by name or path."""


class LostNetwork(Struct, frozen=True, kw_only=True):
    """A network missing in the database: its id ("" if no container has recorded it), and the containers that name it."""

    identity: str
    name: str
    containers: tuple[str, ...]


def severity_of(containers: list[Container]) -> Severity:
    """Return an error if the engine starts one of them by itself, else a warning: only a manual start fails."""
    return Severity.ERROR if any(one.restarts_itself or one.state.running for one in containers) else Severity.WARNING


def titles(containers: list[Container]) -> str:
    """Return the names of the first five, and the number of others."""
    more = f" and {len(containers) - 5} more" if len(containers) > 5 else ""
    return ", ".join(one.title for one in containers[:5]) + more


def subject_of(containers: list[Container], cause: str) -> Subject:
    """Return the container as subject, or the cause if several containers share it."""
    return Subject("container", containers[0].title) if len(containers) == 1 else Subject("cause", cause)


def lost_networks(database: NetworkDatabase, containers: Containers) -> dict[tuple[str, str], list[Container]]:
    """Return (id, name) → containers, of networks that are missing in the database.

    A container that ran names its network by id: another network with this name does not help. One that never ran has only the
    name. Networks of a swarm have other ids and are stored elsewhere.
    """
    known = {network.name for network in database.networks.values()}
    found: dict[tuple[str, str], list[Container]] = {}
    for one in containers.items:
        for place in one.networks:
            if place.name not in BUILT_IN and place.name != "default" and _is_lost(place, database, known):
                found.setdefault((place.network_id, place.name), []).append(one)
    return found


def _is_lost(place: Attachment, database: NetworkDatabase, known: set[str]) -> bool:
    if place.network_id:
        return is_hex64(place.network_id) and place.network_id not in database.networks
    return place.name not in known


def lost_containers(containers: Containers) -> Iterator[tuple[Container, str, str]]:
    """Yield (container, what it shares, the missing container it shares it with)."""
    known = {identity for one in containers.items for identity in (one.id, one.name)} | set(containers.directories)
    for one in containers.items:
        if one.host is None:
            continue
        for what, mode in (("network", one.host.network_mode), ("IPC", one.host.ipc_mode), ("PID", one.host.pid_mode)):
            kind, _, name = mode.partition(":")
            if kind == "container" and name and name not in known and not _is_short(name, known):
                yield one, what, name


def _is_short(name: str, known: set[str]) -> bool:
    return len(name) >= 12 and any(identity.startswith(name) for identity in known)


def lost_runtimes(containers: Containers, config: EngineConfig) -> dict[str, list[Container]]:
    """Return runtime → containers, of runtimes that are not registered."""
    setting = config.get("runtimes")
    known = {str(name).partition("=")[0] for name in setting} if isinstance(setting, dict | list | tuple) else set()
    found: dict[str, list[Container]] = {}
    for one in containers.items:
        name = one.host.runtime if one.host is not None else ""
        if name not in known and not BUILT_IN_RUNTIMES.fullmatch(name):
            found.setdefault(name, []).append(one)
    return found

"""Asks the engine about its swarm node, and reads the node's certificate. Costs nothing outside of a swarm."""

import json

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.files import SwarmFiles
from doctor.facts.engine.state import EngineInfo
from doctor.facts.secrets.redact import redact
from doctor.facts.swarm.node import SwarmCertificate, SwarmNode
from doctor.formats.json_values import mapping, text
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.plugins.messages import explained

_PEM_BYTES = 1 << 20
_LONGEST = 2000


@collector
def swarm_node(host: Host, info: EngineInfo) -> SwarmNode:
    """Return the node; other managers are asked for only if it knows several."""
    if info.swarm == "inactive":
        raise HostError(Missing(Why.ABSENT, "this engine is in no swarm"))
    error = redact(" ".join(info.swarm_error[:_LONGEST].split()))
    gaps: list[Missing] = []
    away = _unreachable(host, gaps) if info.swarm == "active" and not error and info.swarm_managers > 1 else ()
    return SwarmNode(
        state=info.swarm,
        error=error,
        explained=explained([error]).get(error),
        is_manager=info.is_swarm_manager,
        managers=info.swarm_managers,
        unreachable=away,
        gaps=tuple(gaps),
    )


def _unreachable(host: Host, gaps: list[Missing]) -> tuple[str, ...]:
    try:
        answer = host.engine("/nodes")
        nodes = json.loads(answer.body) if answer.status == 200 else []
    except HostError as error:
        gaps.append(error.missing)
        return ()
    except (ValueError, RecursionError):
        return ()
    managers = (
        [one for one in nodes if isinstance(one, dict) and one.get("ManagerStatus")] if isinstance(nodes, list) else []
    )
    away = [one for one in managers if mapping(one["ManagerStatus"]).get("Reachability") == "unreachable"]
    return tuple(text(mapping(one.get("Description")).get("Hostname")) or text(one.get("ID"))[:12] for one in away)


@collector
def swarm_certificate(host: Host, root: DataRoot, swarm: SwarmFiles) -> SwarmCertificate:
    """Return the validity; a corrupt file is another problem (state/swarm-cert-corrupt)."""
    path = root.at(docker.SWARM_CERTIFICATE)
    if not swarm.has_state or not swarm.has_certificate:
        raise HostError(Missing(Why.ABSENT, f"{swarm.directory}: not a swarm node"))
    from doctor.formats.config import x509  # noqa: PLC0415 - few hosts are in a swarm

    try:
        first = x509.certificates(host.read(path, follow=False, limit_bytes=_PEM_BYTES))[0]
    except FormatError:
        return SwarmCertificate(path=path)
    return SwarmCertificate(
        path=path,
        not_before=first.not_before,
        not_after=first.not_after,
        now=host.now(),
        written=host.lstat(path, follow=False).mtime_ns / 1e9,
    )

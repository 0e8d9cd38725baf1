"""Checks the certificate, raft log and tasks of a swarm node. The private key is examined, never kept."""

import os
from binascii import Error, a2b_base64

from doctor.engines.docker import places as docker
from doctor.facts.engine.data_root import DataRoot
from doctor.facts.engine.files import SwarmFiles
from doctor.facts.engine.state import EngineInfo
from doctor.facts.engine.swarm_state import DamagedFile, SwarmCertificate, SwarmLog, SwarmNode
from doctor.formats.databases.bolt import read as read_bolt
from doctor.formats.json_values import mapping, text
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.errors import FormatError
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath, join

_LOG_BYTES = 64 << 20
_SUM_BYTES = 512 << 10
"""Limit for checksums, which cost 70 ns per byte; a crash truncates the end, and all frames are checked."""
_TASKS_BYTES = 64 << 20
_BLOCK = 1 << 20
_PEM_BYTES = 1 << 20
_LONGEST = 2000


@collector
def swarm_log(host: Host, root: DataRoot, swarm: SwarmFiles) -> SwarmLog:
    """Return the corrupt files; absent on a host that is not a node."""
    if not swarm.has_state or not swarm.has_certificate:
        raise HostError(Missing(Why.ABSENT, f"{swarm.directory}: not a swarm node"))
    gaps: list[Missing] = []
    found = [
        ("pair", root.at(docker.SWARM_CERTIFICATE), _pem),
        ("pair", root.at(docker.SWARM_KEY), _pem),
        ("tasks", root.at(docker.SWARM_TASKS), _bolt),
        *(("log", path, _log) for path in _newest_log(host, root.at(docker.SWARM_LOG))),
    ]
    damaged = []
    for kind, path, look in found:
        try:
            problem = look(host, path)
        except HostError as error:
            if error.missing.why in {Why.DENIED, Why.TIMED_OUT}:
                gaps.append(error.missing)
                continue
            problem = error.missing.reason.removeprefix(f"{path}: ")
            if kind != "pair" and error.is_absent:
                continue
        if problem:
            damaged.append(DamagedFile(kind=kind, path=path, problem=problem))
    return SwarmLog(directory=swarm.directory, damaged=tuple(damaged), gaps=tuple(gaps))


def _newest_log(host: Host, top: HostPath) -> list[HostPath]:
    """Return the current file: names are SEQUENCE-INDEX in hexadecimal of fixed width."""
    try:
        names = [name for name, kind in host.scandir(top, follow=False) if kind == "f" and name.endswith(".wal")]
    except HostError:
        return []
    return [join(top, max(names))] if names else []


def _log(host: Host, path: HostPath) -> str:
    descriptor = host.open_fd(path)
    try:
        content = bytearray()
        while len(content) < _LOG_BYTES:
            block = os.read(descriptor, _BLOCK)
            if not block or not block.strip(b"\0"):
                break
            content += block
    except OSError as error:
        raise HostError(Missing(Why.UNREADABLE, f"{path}: {error.strerror}")) from error
    finally:
        os.close(descriptor)
    from doctor.formats.databases.raft_log import problem_of  # noqa: PLC0415 - few hosts are in a swarm

    return problem_of(bytes(content), sum_bytes=_SUM_BYTES)


def _bolt(host: Host, path: HostPath) -> str:
    content = host.read(path, follow=False, limit_bytes=_TASKS_BYTES)
    if not content:
        return ""
    try:
        database = read_bolt(content)
    except FormatError as error:
        return str(error)
    return "" if database.is_sound else "its pages are inconsistent"


def _pem(host: Host, path: HostPath) -> str:
    """Return the problem of a PEM file: it consists of begin line, optional headers, base64 of DER, end line."""
    lines = host.read(path, follow=False, limit_bytes=1 << 20).split(b"\n")
    begins = [index for index, line in enumerate(lines) if line.startswith(b"-----BEGIN ")]
    if not begins:
        return "no PEM data"
    start = begins[0]
    kind = lines[start].rstrip().removeprefix(b"-----BEGIN ")
    end = next((i for i, line in enumerate(lines) if line.rstrip() == b"-----END " + kind), None)
    if end is None:
        return "its PEM data is truncated"
    body = b"".join(line for line in lines[start + 1 : end] if b":" not in line)
    try:
        der = a2b_base64(body, strict_mode=True)
    except Error as error:
        return f"its PEM data is not base64: {error}"
    return "" if der.startswith(b"\x30") else "its PEM data is not a certificate or key"


@collector
def swarm_node(host: Host, info: EngineInfo) -> SwarmNode:
    """Return the node; other managers are asked for only if it knows several."""
    if info.swarm == "inactive":
        raise HostError(Missing(Why.ABSENT, "this engine is in no swarm"))
    from doctor.facts.secrets.redact import redact  # noqa: PLC0415 - few hosts are in a swarm
    from doctor.plugins.messages import explained  # noqa: PLC0415

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
    import json  # noqa: PLC0415

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

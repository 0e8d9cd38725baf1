"""Compares the configured group of the engine's socket with the groups of the host and with the socket."""

from doctor.collect.config.unit import socket_unit
from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.engine.socket_access import SocketAccess
from doctor.formats.text import decode
from doctor.host.base import Host
from doctor.model.declare import collector
from doctor.model.missing import HostError, Missing, Why
from doctor.model.paths import HostPath

_DEFAULT = "docker"
_LOCAL = frozenset({"files", "compat", "systemd", "db", "extrausers"})


@collector
def socket_access(host: Host, config: EngineConfig) -> SocketAccess:
    """Return the access; missing if the engine creates no such socket, or its group is root."""
    hosts = config.get("hosts")
    addresses = [str(text) for text in hosts] if isinstance(hosts, list) else []
    group, place, mode = _DEFAULT, "the engine's default", 0o660
    by_systemd = any(text.startswith("fd:") for text in addresses)
    if by_systemd:
        group, place, mode = _of_unit(host)
    elif addresses and not {"unix://", *(f"unix://{path}" for path in docker.SOCKETS)}.intersection(addresses):
        raise HostError(Missing(Why.ABSENT, f"the engine does not listen on {docker.SOCKET}"))
    elif config.is_set("group"):
        group, place = str(config.get("group")), config.setting("group").place
    if group in {"", "root", "0"}:
        raise HostError(Missing(Why.ABSENT, "the engine's socket is only for root"))
    path = host.resolve(docker.SOCKET)
    return SocketAccess(
        path=path,
        group=group,
        place=place,
        gid=_gid(host, group),
        by_systemd=by_systemd,
        is_set=not by_systemd and group != _DEFAULT,
        mode=mode,
        found=_found(host, path),
        former=_line(host, "/etc/group-", group),
    )


def _of_unit(host: Host) -> tuple[str, str, int]:
    """Return group, location and mode from docker.socket; the defaults of systemd are root and 0666."""
    unit = socket_unit(host, docker.SOCKET_UNIT)
    if unit is None:
        raise HostError(Missing(Why.ABSENT, "docker.socket does not exist"))
    group, mode = unit.last("Socket", "SocketGroup"), unit.last("Socket", "SocketMode")
    text = "" if mode is None else mode.value
    bits = int(text, 8) if text and all(digit in "01234567" for digit in text) else 0o666
    return ("", "", bits) if group is None else (group.value, f"{group.path}:{group.line}", bits)


def _gid(host: Host, group: str) -> int | None:
    if group.isdigit():
        return int(group)
    line = _line(host, "/etc/group", group)
    if not line and not _is_local(host):
        line = decode(host.run(("getent", "group", group)).stdout).strip()
    number = line.split(":")[2] if line.count(":") >= 3 else ""
    return int(number) if number.isdigit() else None


def _line(host: Host, path: str, group: str) -> str:
    try:
        text = decode(host.read(HostPath(path), limit_bytes=1 << 22))
    except HostError as error:
        if error.is_absent and path.endswith("-"):
            return ""
        raise
    return next((line for line in text.splitlines() if line.startswith(f"{group}:")), "")


def _is_local(host: Host) -> bool:
    """Whether groups come only from this host's files; a directory service may have others."""
    try:
        text = decode(host.read(HostPath("/etc/nsswitch.conf"), limit_bytes=1 << 16))
    except HostError:
        return True
    sources = next((line.partition(":")[2].split() for line in text.splitlines() if line.startswith("group:")), [])
    return all(source in _LOCAL or source.startswith("[") for source in sources)


def _found(host: Host, path: HostPath) -> tuple[int, int, int] | None:
    try:
        stat = host.lstat(path)
    except HostError as error:
        if error.is_absent:
            return None
        raise
    return (stat.mode, stat.uid, stat.gid) if stat.kind == "s" else None

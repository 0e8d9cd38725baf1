"""Rebuilds a container's host config: each member is known, an engine default, or assumed.

Members and their JSON: moby api/types/container/hostconfig.go, as engine 26.1.5 writes them. ``null`` for masked paths,
capabilities and seccomp makes the engine use its defaults, which are the restrictive ones.
"""

from typing import Any

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.config.engine import EngineConfig
from doctor.facts.containers.containers import Container, Port
from doctor.facts.network.networks import Networks

_SHM_BYTES = 64 << 20
_BUILT_IN = {"bridge": "bridge", "host": "host", "none": "none"}


class RebuiltHostConfig(Struct, frozen=True, kw_only=True):
    """A host config without a restart policy.

    Attributes:
        members: the JSON object.
        known: descriptions of settings recorded elsewhere.
        assumed: settings without a record, and the assumed values.
    """

    members: dict[str, Any]
    known: tuple[str, ...]
    assumed: tuple[str, ...]


def rebuild_host_config(
    container: Container, networks: Networks | None, config: EngineConfig | None
) -> RebuiltHostConfig:
    """Return the host config that can be rebuilt; it grants no more than the engine's defaults."""
    known: list[str] = []
    assumed: list[str] = []
    members = _defaults(config)
    members["NetworkMode"] = _network(container, known, assumed)
    members["Binds"] = _binds(container) or None
    known.append(f"mounts: {', '.join(sorted(mount.destination for mount in container.mounts)) or 'none'}")
    ports = _ports(container, networks)
    members["PortBindings"] = _bindings(ports)
    if ports:
        known.append(f"published ports: {', '.join(_text(port) for port in ports)}")
    else:
        assumed.append("no published ports (it did not run when they would have been recorded)")
    members["LogConfig"] = _log(container, config, known, assumed)
    assumed.append("no limits, devices, added capabilities or other security options, not privileged")
    if container.apparmor_profile == "unconfined":
        assumed.append("its AppArmor profile was unconfined, so it may have been privileged")
    return RebuiltHostConfig(members=members, known=tuple(known), assumed=tuple(assumed))


def with_policy(rebuilt: RebuiltHostConfig, policy: str) -> dict[str, Any]:
    """Return the members with a restart policy."""
    return {**rebuilt.members, "RestartPolicy": {"Name": policy, "MaximumRetryCount": 0}}


def _defaults(config: EngineConfig | None) -> dict[str, Any]:
    ipc = config.get("default-ipc-mode") if config is not None else None
    namespace = config.get("default-cgroupns-mode") if config is not None else None
    runtime = config.get("default-runtime") if config is not None else None
    empty = (
        "CapAdd",
        "CapDrop",
        "Dns",
        "DnsOptions",
        "DnsSearch",
        "ExtraHosts",
        "GroupAdd",
        "Links",
        "SecurityOpt",
        "VolumesFrom",
    )
    return {
        **dict.fromkeys(empty),
        "AutoRemove": False,
        "Cgroup": "",
        "CgroupnsMode": namespace if isinstance(namespace, str) and namespace else "private",
        "ConsoleSize": [0, 0],
        "ContainerIDFile": "",
        "Devices": [],
        "IpcMode": ipc if isinstance(ipc, str) and ipc else "private",
        "Isolation": "",
        "MaskedPaths": None,
        "OomScoreAdj": 0,
        "PidMode": "",
        "Privileged": False,
        "PublishAllPorts": False,
        "ReadonlyPaths": None,
        "ReadonlyRootfs": False,
        "Runtime": runtime if isinstance(runtime, str) and runtime else docker.RUNC,
        "ShmSize": _SHM_BYTES,
        "UTSMode": "",
        "UsernsMode": "",
        "VolumeDriver": "",
    }


def _network(container: Container, known: list[str], assumed: list[str]) -> str:
    names = [place.name for place in container.networks]
    if not names:
        assumed.append("no network (its config names none: it may have shared another container's)")
        return "none"
    known.append(f"networks: {', '.join(names)}")
    return _BUILT_IN.get(names[0], names[0])


def _binds(container: Container) -> list[str]:
    return [
        f"{mount.name if mount.kind == 'volume' else mount.source}:{mount.destination}{'' if mount.writable else ':ro'}"
        for mount in sorted(container.mounts, key=lambda mount: mount.destination)
        if mount.kind in {"volume", "bind"} and ":" not in mount.destination
    ]


def _ports(container: Container, networks: Networks | None) -> tuple[Port, ...]:
    """Return the ports published at its last run: from its own config, else from the records of its endpoints."""
    if container.ports:
        return tuple(sorted({port for port in container.ports if port.host_port}, key=_text))
    endpoints = {place.endpoint_id for place in container.networks if place.endpoint_id}
    found = {
        Port(protocol=one.protocol, host_ip=one.host_ip, host_port=one.host_port, container_port=one.container_port)
        for endpoint in (networks.endpoints if networks is not None else ())
        if endpoint.id in endpoints
        for one in endpoint.ports
        if one.host_port
    }
    return tuple(sorted(found, key=_text))


def _bindings(ports: tuple[Port, ...]) -> dict[str, list[dict[str, str]]]:
    both = {"0.0.0.0", "::"}  # noqa: S104 - what the engine records for "any address"
    found: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        binding = {"HostIp": "" if port.host_ip in both else port.host_ip, "HostPort": str(port.host_port)}
        bindings = found.setdefault(f"{port.container_port}/{port.protocol}", [])
        if binding not in bindings:
            bindings.append(binding)
    return found


def _text(port: Port) -> str:
    return f"{port.host_ip + ':' if port.host_ip else ''}{port.host_port}->{port.container_port}/{port.protocol}"


def _log(container: Container, config: EngineConfig | None, known: list[str], assumed: list[str]) -> dict[str, Any]:
    default = config.get("log-driver") if config is not None else None
    driver = default if isinstance(default, str) and default else "json-file"
    if container.log_path:
        driver = "json-file"
        known.append("log driver: json-file")
    else:
        assumed.append(f"log driver: {driver}, the engine's own")
    options = config.get("log-opts") if config is not None and driver == default else None
    return {"Type": driver, "Config": dict(options) if isinstance(options, dict) else {}}

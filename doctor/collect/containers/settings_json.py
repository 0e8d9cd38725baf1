"""Converts config.v2.json and hostconfig.json to values. A field of a wrong type counts as missing.

Formats: moby container/container.go, api/types/container/hostconfig.go, api/types/network/endpoint.go; the same since 1.10.
"""

from collections.abc import Iterator
from typing import Any

from doctor.facts.containers.containers import (
    Attachment,
    Container,
    ContainerMount,
    ContainerState,
    HostConfig,
    Port,
)
from doctor.facts.containers.devices import DeviceRequest
from doctor.formats.json_values import items, mapping, mappings, number, text, texts
from doctor.model.paths import HostPath

_LONGEST_ERROR = 8192
"""Characters of an error that are kept, of a longer one its end: programs write the cause there."""

_NET_ADMIN = frozenset({"ALL", "NET_ADMIN", "CAP_NET_ADMIN", "CAP_ALL"})


def container_of(
    config: dict[str, Any], directory: HostPath, *, host: HostConfig | None, directories: tuple[str, ...] = ()
) -> Container:
    """Return the container that a config describes."""
    asked = mapping(config.get("Config"))
    network = mapping(config.get("NetworkSettings"))
    return Container(
        id=text(config.get("ID")),
        directory=directory,
        name=text(config.get("Name")).removeprefix("/"),
        image=text(asked.get("Image")),
        image_id=text(config.get("Image")),
        driver=text(config.get("Driver")),
        created=text(config.get("Created")),
        state=_state(mapping(config.get("State"))),
        networks=tuple(_attachments(mapping(network.get("Networks")))),
        ports=tuple(_ports(mapping(network.get("Ports")))),
        mounts=tuple(_mounts(mapping(config.get("MountPoints")))),
        host=host,
        log_path=HostPath(text(config.get("LogPath"))),
        hosts_path=HostPath(text(config.get("HostsPath"))),
        resolv_conf_path=HostPath(text(config.get("ResolvConfPath"))),
        sandbox_id=text(network.get("SandboxID")),
        service=text(mapping(asked.get("Labels")).get("com.docker.swarm.service.name")),
        restart_count=number(config.get("RestartCount")),
        stopped_by_hand=config.get("HasBeenManuallyStopped") is True,
        apparmor_profile=text(config.get("AppArmorProfile")),
        has_healthcheck=_has_healthcheck(mapping(asked.get("Healthcheck"))),
        directories=directories,
    )


def host_config_of(raw: dict[str, Any]) -> HostConfig:
    """Return the host config that a file describes."""
    log = mapping(raw.get("LogConfig"))
    return HostConfig(
        log_driver=text(log.get("Type")),
        log_options={key: value for key, value in mapping(log.get("Config")).items() if isinstance(value, str)},
        restart_policy=text(mapping(raw.get("RestartPolicy")).get("Name")),
        max_retries=number(mapping(raw.get("RestartPolicy")).get("MaximumRetryCount")),
        auto_remove=raw.get("AutoRemove") is True,
        init=raw.get("Init") is True,
        network_mode=text(raw.get("NetworkMode")),
        ports=tuple(_ports(mapping(raw.get("PortBindings")))),
        privileged=raw.get("Privileged") is True,
        may_set_network=raw.get("Privileged") is True
        or not _NET_ADMIN.isdisjoint(map(str.upper, texts(raw.get("CapAdd")))),
        extra_hosts=texts(raw.get("ExtraHosts")),
        sysctls=tuple(mapping(raw.get("Sysctls"))),
        pid_mode=text(raw.get("PidMode")),
        links=texts(raw.get("Links")),
        ipc_mode=text(raw.get("IpcMode")),
        runtime=text(raw.get("Runtime")),
        devices=tuple(
            text(device.get("PathOnHost")) for device in items(raw.get("Devices")) if isinstance(device, dict)
        ),
        memory_bytes=number(raw.get("Memory")),
        cgroup_parent=text(raw.get("CgroupParent")),
        device_requests=tuple(_request(one) for one in mappings(raw.get("DeviceRequests"))),
    )


def _state(raw: dict[str, Any]) -> ContainerState:
    return ContainerState(
        running=raw.get("Running") is True,
        paused=raw.get("Paused") is True,
        restarting=raw.get("Restarting") is True,
        dead=raw.get("Dead") is True,
        removing=raw.get("RemovalInProgress") is True,
        pid=number(raw.get("Pid")),
        exit_code=number(raw.get("ExitCode")),
        error=text(raw.get("Error"))[-_LONGEST_ERROR:],
        started_at=text(raw.get("StartedAt")),
        finished_at=text(raw.get("FinishedAt")),
        oom_killed=raw.get("OOMKilled") is True,
    )


def _has_healthcheck(check: dict[str, Any]) -> bool:
    """Whether the engine runs a health check in it; ``NONE`` turns that of the image off."""
    return (texts(check.get("Test")) or ("NONE",))[0] != "NONE"


def _request(raw: dict[str, Any]) -> DeviceRequest:
    """Return a device request; its capabilities are a list of alternatives, of which the engine accepts any."""
    return DeviceRequest(
        driver=text(raw.get("Driver")),
        ids=texts(raw.get("DeviceIDs")),
        capabilities=tuple(name for one in items(raw.get("Capabilities")) for name in texts(one)),
    )


def _attachments(networks: dict[str, Any]) -> Iterator[Attachment]:
    for name, raw in networks.items():
        if not isinstance(raw, dict):
            continue
        asked = mapping(raw.get("IPAMConfig"))
        yield Attachment(
            name=name,
            network_id=text(raw.get("NetworkID")),
            endpoint_id=text(raw.get("EndpointID")),
            ip=text(raw.get("IPAddress")),
            prefix=number(raw.get("IPPrefixLen")),
            gateway=text(raw.get("Gateway")),
            mac=text(raw.get("MacAddress")),
            static_ip=text(asked.get("IPv4Address")),
        )


def _ports(raw: dict[str, Any]) -> Iterator[Port]:
    """Yield the bindings of a port map: ``{"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}``."""
    for key, bindings in raw.items():
        number, _, protocol = key.partition("/")
        if not isinstance(bindings, list) or not _is_port(number):
            continue
        for binding in bindings:
            if not isinstance(binding, dict):
                continue
            host_port = text(binding.get("HostPort"))
            yield Port(
                protocol=protocol or "tcp",
                host_ip=text(binding.get("HostIp")),
                host_port=int(host_port) if _is_port(host_port) else 0,
                container_port=int(number),
            )


def _mounts(raw: dict[str, Any]) -> Iterator[ContainerMount]:
    for destination, mount in raw.items():
        if not isinstance(mount, dict):
            continue
        name, source = text(mount.get("Name")), text(mount.get("Source"))
        yield ContainerMount(
            # Files of engines before 17.03 have no Type.
            kind=text(mount.get("Type")) or ("volume" if name else "bind"),
            name=name,
            driver=text(mount.get("Driver")),
            source=HostPath(source),
            destination=text(mount.get("Destination")) or destination,
            writable=mount.get("RW") is True,
            must_exist=_must_exist(mount),
        )


def _must_exist(mount: dict[str, Any]) -> bool:
    """Whether it was given with ``--mount``: then the engine does not create the source (moby volume/mounts/linux_parser.go)."""
    asked = mapping(mount.get("Spec"))
    options = mapping(asked.get("BindOptions"))
    return (
        text(mount.get("Type")) == "bind"
        and mount.get("SkipMountpointCreation") is True
        and options.get("CreateMountpoint") is not True
    )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5

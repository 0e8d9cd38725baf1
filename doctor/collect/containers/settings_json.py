"""Converts config.v2.json and hostconfig.json to values. A field of a wrong type counts as missing.

Formats: moby container/container.go, api/types/container/hostconfig.go, api/types/network/endpoint.go; the same since 1.10.
"""

from collections.abc import Iterator
from typing import Any

from doctor.facts.containers.containers import Attachment, Container, ContainerMount, ContainerState, HostConfig, Port
from doctor.model.paths import HostPath

_NO_OBJECT: dict[str, Any] = {}


def container_of(
    config: dict[str, Any], directory: HostPath, *, host: HostConfig | None, directories: tuple[str, ...] = ()
) -> Container:
    """Return the container that a config describes."""
    asked = _object(config, "Config")
    network = _object(config, "NetworkSettings")
    return Container(
        id=_text(config, "ID"),
        directory=directory,
        name=_text(config, "Name").removeprefix("/"),
        image=_text(asked, "Image"),
        image_id=_text(config, "Image"),
        driver=_text(config, "Driver"),
        created=_text(config, "Created"),
        state=_state(_object(config, "State")),
        networks=tuple(_attachments(_object(network, "Networks"))),
        ports=tuple(_ports(_object(network, "Ports"))),
        mounts=tuple(_mounts(_object(config, "MountPoints"))),
        host=host,
        hostname=_text(asked, "Hostname"),
        log_path=HostPath(_text(config, "LogPath")),
        hosts_path=HostPath(_text(config, "HostsPath")),
        resolv_conf_path=HostPath(_text(config, "ResolvConfPath")),
        sandbox_id=_text(network, "SandboxID"),
        restart_count=_number(config, "RestartCount"),
        stopped_by_hand=config.get("HasBeenManuallyStopped") is True,
        apparmor_profile=_text(config, "AppArmorProfile"),
        directories=directories,
    )


def host_config_of(raw: dict[str, Any]) -> HostConfig:
    """Return the host config that a file describes."""
    log = _object(raw, "LogConfig")
    return HostConfig(
        log_driver=_text(log, "Type"),
        log_options={key: value for key, value in _object(log, "Config").items() if isinstance(value, str)},
        restart_policy=_text(_object(raw, "RestartPolicy"), "Name"),
        auto_remove=raw.get("AutoRemove") is True,
        network_mode=_text(raw, "NetworkMode"),
        ports=tuple(_ports(_object(raw, "PortBindings"))),
        privileged=raw.get("Privileged") is True,
        pid_mode=_text(raw, "PidMode"),
        links=_texts(raw, "Links"),
        ipc_mode=_text(raw, "IpcMode"),
        runtime=_text(raw, "Runtime"),
        devices=tuple(_text(device, "PathOnHost") for device in _list(raw, "Devices") if isinstance(device, dict)),
    )


def _state(raw: dict[str, Any]) -> ContainerState:
    return ContainerState(
        running=raw.get("Running") is True,
        paused=raw.get("Paused") is True,
        restarting=raw.get("Restarting") is True,
        dead=raw.get("Dead") is True,
        removing=raw.get("RemovalInProgress") is True,
        pid=_number(raw, "Pid"),
        exit_code=_number(raw, "ExitCode"),
        error=_text(raw, "Error"),
        started_at=_text(raw, "StartedAt"),
    )


def _attachments(networks: dict[str, Any]) -> Iterator[Attachment]:
    for name, raw in networks.items():
        if not isinstance(raw, dict):
            continue
        asked = _object(raw, "IPAMConfig")
        yield Attachment(
            name=name,
            network_id=_text(raw, "NetworkID"),
            endpoint_id=_text(raw, "EndpointID"),
            ip=_text(raw, "IPAddress"),
            prefix=_number(raw, "IPPrefixLen"),
            gateway=_text(raw, "Gateway"),
            mac=_text(raw, "MacAddress"),
            static_ip=_text(asked, "IPv4Address"),
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
            host_port = _text(binding, "HostPort")
            yield Port(
                protocol=protocol or "tcp",
                host_ip=_text(binding, "HostIp"),
                host_port=int(host_port) if _is_port(host_port) else 0,
                container_port=int(number),
            )


def _mounts(raw: dict[str, Any]) -> Iterator[ContainerMount]:
    for destination, mount in raw.items():
        if not isinstance(mount, dict):
            continue
        name, source = _text(mount, "Name"), _text(mount, "Source")
        yield ContainerMount(
            # Files of engines before 17.03 have no Type.
            kind=_text(mount, "Type") or ("volume" if name else "bind"),
            name=name,
            driver=_text(mount, "Driver"),
            source=HostPath(source),
            destination=_text(mount, "Destination") or destination,
            writable=mount.get("RW") is True,
            must_exist=_must_exist(mount),
        )


def _must_exist(mount: dict[str, Any]) -> bool:
    """Whether it was given with ``--mount``: then the engine does not create the source (moby volume/mounts/linux_parser.go)."""
    asked = _object(mount, "Spec")
    options = _object(asked, "BindOptions")
    return (
        _text(mount, "Type") == "bind"
        and mount.get("SkipMountpointCreation") is True
        and options.get("CreateMountpoint") is not True
    )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5


def _object(raw: dict[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else _NO_OBJECT


def _list(raw: dict[str, Any], key: str) -> list[Any]:
    value = raw.get(key)
    return value if isinstance(value, list) else []


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""


def _texts(raw: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple(value for value in _list(raw, key) if isinstance(value, str))


def _number(raw: dict[str, Any], key: str) -> int:
    value = raw.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0

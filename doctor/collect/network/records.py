"""Converts records of the engine's database and answers of its API to networks and endpoints."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_interface
from typing import Any

from doctor.facts.containers.containers import Container
from doctor.facts.network.networks import Endpoint, Network, Networks, PublishedPort
from doctor.formats.json_values import mappings, text, text_pairs

API_SOURCE = "GET /networks"

_PROTOCOLS = {6: "tcp", 17: "udp", 132: "sctp"}
_NIL = "<nil>"


def network_of(identity: str, record: dict[str, Any], bridge: dict[str, Any] | None) -> Network:
    """Return a network from its ``network`` record and, for the bridge driver, its ``bridge`` record.

    Field names: moby libnetwork/network.go and drivers/bridge/bridge_store.go (MarshalJSON), 26 to 29.
    """
    common: dict[str, Any] = {
        "id": identity,
        "name": text(record.get("name")) or identity[:12],
        "driver": text(record.get("networkType")) or ("bridge" if bridge is not None else ""),
        "created": text(record.get("created")),
        "ipv6": record.get("enableIPv6") is True,
        "internal": record.get("internal") is True,
        "options": _options(record.get("generic")),
    }
    if bridge is None:
        return Network(**common)
    gateway, subnets = _gateway(bridge.get("AddressIPv4"))
    gateway6, subnets6 = _gateway(bridge.get("AddressIPv6"))
    # The name until 26; HostIPv4 since 27.
    host_ip = address(bridge.get("HostIPv4")) or address(bridge.get("HostIP"))
    common |= {
        "bridge": text(bridge.get("BridgeName")),
        "gateway": gateway,
        "subnets": subnets,
        "gateway6": gateway6,
        "subnets6": subnets6,
        "ipv6": bridge.get("EnableIPv6") is True,
        "internal": bridge.get("Internal") is True,
        "icc": bridge.get("EnableICC") is not False,
        "masquerade": bridge.get("EnableIPMasquerade") is not False,
        "host_ip": host_ip,
        "host_ip6": address(bridge.get("HostIPv6")),
        "gateway_mode": text(bridge.get("GwModeIPv4")) or "nat",
        "gateway_mode6": text(bridge.get("GwModeIPv6")) or "nat",
        "is_default": bridge.get("DefaultBridge") is True,
    }
    return Network(**common)


def endpoint_of(identity: str, record: dict[str, Any], owner: Container | None, *, is_running: bool) -> Endpoint:
    """Return an endpoint from its ``bridge-endpoint`` record (moby drivers/bridge/bridge_store.go) and its container."""
    found = record.get("PortMapping")
    mappings = [binding for binding in found if isinstance(binding, dict)] if isinstance(found, list) else []
    return Endpoint(
        id=identity,
        network_id=text(record.get("nid")),
        container_id=owner.id if owner is not None else "",
        container=owner.title if owner is not None else "",
        ip=_gateway(record.get("Addr"))[0].partition("/")[0],
        ip6=_gateway(record.get("Addrv6"))[0].partition("/")[0],
        is_running=is_running,
        started=owner.state.started_at if owner is not None else "",
        ports=tuple(port for binding in mappings for port in _port(binding)),
        links=_texts(record, "ContainerConfig", "ChildEndpoints"),
        linked_by=_texts(record, "ContainerConfig", "ParentEndpoints"),
        exposed=_exposed(record),
    )


def _texts(record: dict[str, Any], part: str, name: str) -> tuple[str, ...]:
    inner = record.get(part)
    found = inner.get(name) if isinstance(inner, dict) else None
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def _exposed(record: dict[str, Any]) -> tuple[tuple[str, int], ...]:
    inner = record.get("ExternalConnConfig")
    found = inner.get("ExposedPorts") if isinstance(inner, dict) else None
    ports = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return tuple(
        (_PROTOCOLS[one["Proto"]], one["Port"])
        for one in ports
        if one.get("Proto") in _PROTOCOLS and isinstance(one.get("Port"), int) and 0 < one["Port"] < 65536
    )


def networks_of_api(listed: Any, running: Any, containers: tuple[Container, ...], alive: set[str]) -> Networks:
    """Return the networks from ``GET /networks`` and ``GET /containers/json``."""
    items = [_api_network(entry) for entry in mappings(listed)]
    started = {container.id: container.state.started_at for container in containers}
    endpoints = [
        endpoint
        for entry in mappings(running)
        for endpoint in _api_endpoints(entry, items, started, alive, are_known=bool(containers))
    ]
    return Networks(
        items=tuple(sorted(items, key=lambda network: network.id)), endpoints=tuple(endpoints), source=API_SOURCE
    )


def _api_network(entry: dict[str, Any]) -> Network:
    options = text_pairs(entry.get("Options"))
    prefix = "com.docker.network.bridge."
    identity, driver = text(entry.get("Id")), text(entry.get("Driver"))
    ipam = entry.get("IPAM")
    pools = mappings(ipam.get("Config")) if isinstance(ipam, dict) else []
    subnets = [pool for entry in pools if (pool := _subnet(entry.get("Subnet")))]
    gateways = [found for entry in pools if (found := address(entry.get("Gateway")))]
    four = tuple(subnet for subnet in subnets if ":" not in subnet)
    gateway = next((found for found in gateways if ":" not in found), "")
    return Network(
        id=identity,
        name=text(entry.get("Name")),
        driver=driver,
        bridge=options.get(f"{prefix}name", f"br-{identity[:12]}") if driver == "bridge" else "",
        subnets=four,
        subnets6=tuple(subnet for subnet in subnets if ":" in subnet),
        gateway=f"{gateway}/{four[0].partition('/')[2]}" if gateway and four else "",
        internal=entry.get("Internal") is True,
        icc=options.get(f"{prefix}enable_icc", "true") == "true",
        masquerade=options.get(f"{prefix}enable_ip_masquerade", "true") == "true",
        host_ip=address(options.get("com.docker.network.host_ipv4")),
        gateway_mode=options.get(f"{prefix}gateway_mode_ipv4", "nat"),
        gateway_mode6=options.get(f"{prefix}gateway_mode_ipv6", "nat"),
        ipv6=entry.get("EnableIPv6") is True,
        is_default=options.get(f"{prefix}default_bridge") == "true",
        created=text(entry.get("Created")),
        options=options,
    )


def _api_endpoints(
    entry: dict[str, Any], networks: list[Network], started: dict[str, str], alive: set[str], *, are_known: bool
) -> Iterator[Endpoint]:
    """Yield endpoints. The answer does not name the publishing network: it is that of the container's creation, else the first."""
    settings = entry.get("NetworkSettings")
    attached = settings.get("Networks") if isinstance(settings, dict) else None
    bridges = {network.id: network for network in networks if network.is_bridge}
    found = [
        (name, attachment)
        for name, attachment in (attached.items() if isinstance(attached, dict) else ())
        if isinstance(attachment, dict) and text(attachment.get("NetworkID")) in bridges
    ]
    host_config = entry.get("HostConfig")
    mode = text(host_config.get("NetworkMode")) if isinstance(host_config, dict) else ""
    wanted = "bridge" if mode in {"", "default"} else mode
    publisher = next((name for name, _ in found if name == wanted), found[0][0] if found else "")
    identity = text(entry.get("Id"))
    names = entry.get("Names")
    name = names[0] if isinstance(names, list) and names and isinstance(names[0], str) else identity[:12]
    for network_name, attachment in found:
        ip = address(attachment.get("IPAddress"))
        ports = mappings(entry.get("Ports")) if network_name == publisher else []
        yield Endpoint(
            id=text(attachment.get("EndpointID")),
            network_id=text(attachment.get("NetworkID")),
            container_id=identity,
            container=name.lstrip("/"),
            ip=ip,
            ip6=address(attachment.get("GlobalIPv6Address")),
            is_running=identity in alive if are_known else entry.get("State") == "running",
            started=started.get(identity, ""),
            ports=tuple(port for raw in ports for port in _api_port(raw, ip)),
        )


def _api_port(entry: dict[str, Any], container_ip: str) -> Iterator[PublishedPort]:
    public, private = _number(entry.get("PublicPort")), _number(entry.get("PrivatePort"))
    protocol = text(entry.get("Type"))
    host_ip = address(entry.get("IP"))
    if public and private and host_ip and container_ip and protocol in _PROTOCOLS.values():
        yield PublishedPort(
            protocol=protocol, host_ip=host_ip, host_port=public, container_ip=container_ip, container_port=private
        )


def _port(binding: dict[str, Any]) -> Iterator[PublishedPort]:
    protocol = _PROTOCOLS.get(_number(binding.get("Proto")), "")
    container_ip, host_ip = address(binding.get("IP")), address(binding.get("HostIP"))
    port = _number(binding.get("Port"))
    if protocol and container_ip and port:
        yield PublishedPort(
            protocol=protocol,
            host_ip=host_ip or ("::" if ":" in container_ip else "0.0.0.0"),  # noqa: S104 - what the record means
            host_port=_number(binding.get("HostPort")),
            container_ip=container_ip,
            container_port=port,
        )


def address(value: Any) -> str:
    """Return an IP address in its canonical spelling, "" if it is invalid: it is used in rules."""
    try:
        return str(ip_address(value)) if isinstance(value, str) and value not in {"", _NIL} else ""
    except ValueError:
        return ""


def _gateway(value: Any) -> tuple[str, tuple[str, ...]]:
    """Return an address with prefix ("172.17.0.1/16") and its subnet; "" and () if it is invalid."""
    try:
        found = ip_interface(value) if isinstance(value, str) and "/" in value else None
    except ValueError:
        found = None
    return ("", ()) if found is None else (found.with_prefixlen, (str(found.network),))


def _subnet(value: Any) -> str:
    found = _gateway(value)[1]
    return found[0] if found else ""


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 65536 else 0


def _options(generic: Any) -> dict[str, str]:
    """Return the driver's options, which are below one key of the network's generic data."""
    found = generic.get("com.docker.network.generic") if isinstance(generic, dict) else None
    return text_pairs(found)

"""Schema of libnetwork's records: their keys and allowed values. See ``doctor.formats.network.libnetwork``."""

from typing import Any

from doctor.formats.network.libnetwork_values import (
    Judge,
    address,
    anything,
    balancer,
    cidr,
    count,
    flag,
    identity,
    interface,
    ipam_type,
    json_text,
    list_of,
    mac,
    map_of,
    network_identity,
    network_type,
    nothing_or,
    number,
    port,
    protocol,
    sandbox_identity,
    scope,
    struct,
    text,
    time,
)

_TEXTS = map_of(text)
_TRANSPORT = struct(Proto=protocol, Port=port)
_BINDING = struct(Proto=protocol, IP=address, Port=port, HostIP=address, HostPort=port, HostPortEnd=port)
_POOL = struct(
    PreferredPool=lambda value, _strict: value == "" or cidr(value),
    SubPool=text,
    Gateway=address,
    AuxAddresses=_TEXTS,
)
_IPAM_DATA = struct(AddressSpace=text, Pool=cidr, Gateway=cidr, AuxAddresses=map_of(cidr))
_INFO = struct(PoolID=text, Meta=_TEXTS, IPAMData=json_text(_IPAM_DATA))
_SUBNETS = json_text(list_of(struct(SubnetIP=text, GwIP=text)))

_OPTIONS = frozenset(
    f"com.docker.network.{name}"
    for name in (
        *(f"bridge.{name}" for name in ("name", "default_bridge", "enable_icc", "enable_ip_masquerade")),
        *(f"bridge.{name}" for name in ("host_binding_ipv4", "inhibit_ipv4", "gateway_mode_ipv4", "gateway_mode_ipv6")),
        *("driver.mtu", "container_iface_prefix", "host_ipv4", "host_ipv6", "enable_ipv6", "internal"),
    )
)


def _options(value: Any, strict: bool = False) -> bool:
    """A network's options: users may add any, but not one bit away from the engine's own.

    Two of the engine's own may differ in one bit ("…_ipv4", "…_ipv6").
    """
    if value is None:
        return True
    bits = 3 if strict else 1
    return _TEXTS(value, strict) and not any(
        _is_near(key, name, bits) for key in value.keys() - _OPTIONS for name in _OPTIONS - value.keys()
    )


def _is_near(one: str, other: str, bits: int) -> bool:
    """Whether two texts of one length differ in so few bits."""
    if len(one) != len(other):
        return False
    pairs = zip(one.encode("utf-8", "replace"), other.encode(), strict=False)
    return sum((left ^ right).bit_count() for left, right in pairs) <= bits


_NETWORK_GENERIC: dict[str, Judge] = {
    "com.docker.network.generic": _options,
    "com.docker.network.enable_ipv6": flag,
    "com.docker.network.enable_ipv4": flag,
    "com.docker.network.internal": flag,
}
_ENDPOINT_GENERIC: dict[str, Judge] = {
    "com.docker.network.endpoint.exposedports": list_of(_TRANSPORT),
    "com.docker.network.portmap": list_of(_BINDING),
    "com.docker.network.endpoint.macaddress": text,
}


def _generic(known: dict[str, Judge]) -> Judge:
    fields = struct(**known)
    return lambda value, strict: isinstance(value, dict) and fields(value, strict)


def _no_or_cidr(value: Any, strict: bool = False) -> bool:
    """Since 29, an endpoint without an address of a family has an empty text."""
    return value == "" or cidr(value, strict)


_INTERFACE = struct(
    mac=mac,
    addr=_no_or_cidr,
    addrv6=_no_or_cidr,
    llAddrs=list_of(cidr),
    srcName=interface,
    dstPrefix=interface,
    dstName=text,
    routes=list_of(text),
    v4PoolID=text,
    v6PoolID=text,
    createdInContainer=flag,
    netnsPath=text,
)
_JOIN = struct(gw=address, gw6=address, disableGatewayService=flag, StaticRoutes=anything)

SHAPES: dict[str, tuple[tuple[str, ...], dict[str, Judge]]] = {
    "network": (
        ("name", "id", "networkType", "enableIPv6"),
        {
            "name": text,
            "id": identity,
            "created": time,
            "networkType": network_type,
            "enableIPv4": flag,
            "enableIPv6": flag,
            "labels": _TEXTS,
            "ipamOptions": _TEXTS,
            "generic": _generic(_NETWORK_GENERIC),
            "persist": flag,
            "postIPv6": flag,
            "ipamType": ipam_type,
            "addrSpace": text,
            "ipamV4Config": json_text(list_of(_POOL)),
            "ipamV4Info": json_text(list_of(_INFO)),
            "ipamV6Config": json_text(list_of(_POOL)),
            "ipamV6Info": json_text(list_of(_INFO)),
            "internal": flag,
            "attachable": flag,
            "scope": scope,
            "inDelete": flag,
            "ingress": flag,
            "configOnly": flag,
            "configFrom": text,
            "loadBalancerIP": address,
            "loadBalancerMode": balancer,
            "skipGwAllocIPv4": flag,
            "skipGwAllocIPv6": flag,
        },
    ),
    "endpoint": (
        ("name", "id", "ep_iface", "joinInfo", "sandbox"),
        {
            "name": text,
            "id": identity,
            "ep_iface": nothing_or(_INTERFACE),
            "joinInfo": nothing_or(_JOIN),
            "exposed_ports": list_of(_TRANSPORT),
            "generic": _generic(_ENDPOINT_GENERIC),
            "sandbox": lambda value, _strict: value == "" or sandbox_identity(value),
            "anonymous": flag,
            "disableIPv6": flag,
            "disableResolution": flag,
            "dnsNames": list_of(text),
            "myAliases": list_of(text),
            "svcName": text,
            "svcID": text,
            "svcAliases": list_of(text),
            "virtualIP": address,
            "ingressPorts": anything,
            "loadBalancer": flag,
        },
    ),
    "endpoint_count": ((), {"Count": count}),
    "sandbox": (
        (),
        {
            "ID": sandbox_identity,
            "Cid": text,
            "Eps": list_of(struct(Eid=identity, Nid=network_identity)),
            "EpPriority": map_of(number),
            "ExtDNS": anything,
            "ExtDNS2": list_of(struct(IPStr=text, HostLoopback=flag)),
        },
    ),
    "bridge": (
        (
            "ID",
            "BridgeName",
            "DefaultBridge",
            "DefaultBindingIP",
            "DefaultGatewayIPv4",
            "DefaultGatewayIPv6",
            "EnableIPv6",
            "EnableIPMasquerade",
            "EnableICC",
            "Mtu",
        ),
        {
            "ID": identity,
            "BridgeName": interface,
            "AddressIPv4": cidr,
            "AddressIPv6": cidr,
            "ContainerIfacePrefix": text,
            "HostIP": address,
            "HostIPv4": address,
            "HostIPv6": address,
            "DefaultBridge": flag,
            "DefaultBindingIP": address,
            "DefaultBindingIPv4": address,
            "DefaultBindingIPv6": address,
            "DefaultGatewayIPv4": address,
            "DefaultGatewayIPv6": address,
            "EnableIPv4": flag,
            "EnableIPv6": flag,
            "EnableIPMasquerade": flag,
            "EnableICC": flag,
            "InhibitIPv4": flag,
            "Mtu": number,
            "Internal": flag,
            "BridgeIfaceCreator": number,
            "GwModeIPv4": text,
            "GwModeIPv6": text,
            "TrustedHostInterfaces": anything,
        },
    ),
    "bridge-endpoint": (
        ("id", "nid", "SrcName"),
        {
            "id": identity,
            "nid": identity,
            "SrcName": interface,
            "MacAddress": mac,
            "Addr": cidr,
            "Addrv6": cidr,
            "Config": anything,
            "ContainerConfig": anything,
            "ExternalConnConfig": nothing_or(struct(PortBindings=list_of(_BINDING), ExposedPorts=list_of(_TRANSPORT))),
            "PortMapping": list_of(_BINDING),
        },
    ),
    "macvlan/network": (
        ("ID", "Mtu", "Parent", "MacvlanMode", "Internal", "CreatedSubIface"),
        {
            "ID": identity,
            "Mtu": number,
            "Parent": text,
            "MacvlanMode": text,
            "Internal": flag,
            "CreatedSubIface": flag,
            "Ipv4Subnets": _SUBNETS,
            "Ipv6Subnets": _SUBNETS,
        },
    ),
    "ipvlan/network": (
        ("ID", "Mtu", "Parent", "IpvlanMode", "Internal", "CreatedSubIface"),
        {
            "ID": identity,
            "Mtu": number,
            "Parent": text,
            "IpvlanMode": text,
            "IpvlanFlag": text,
            "Internal": flag,
            "CreatedSubIface": flag,
            "Ipv4Subnets": _SUBNETS,
            "Ipv6Subnets": _SUBNETS,
        },
    ),
}
_LIGHT_ENDPOINT: tuple[tuple[str, ...], dict[str, Judge]] = (
    ("id", "nid", "SrcName"),
    {"id": identity, "nid": identity, "SrcName": interface, "MacAddress": mac, "Addr": cidr, "Addrv6": cidr},
)
SHAPES["macvlan/endpoint"] = SHAPES["ipvlan/endpoint"] = _LIGHT_ENDPOINT

SOFT = frozenset({time, identity, interface, address, network_type, ipam_type, scope, balancer})
"""The engine still reads a text that one of these rejects."""

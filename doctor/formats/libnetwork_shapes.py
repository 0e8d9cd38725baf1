"""The records of libnetwork's store: which keys each has, and what its values may be. See ``doctor.formats.libnetwork``."""

import re
from collections.abc import Callable
from typing import Any

from doctor.formats.json_safe import load
from doctor.formats.oci_digest import is_hex64
from doctor.model.errors import FormatError
from doctor.model.text import is_one_bit_off

Judge = Callable[[Any, bool], bool]
"""Whether a value is what the engine writes; asked strictly, an object may have no unknown key."""

_OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"{_OCTET}(\.{_OCTET}){{3}}"
_ADDRESS = re.compile(rf"{_IPV4}\Z")
_CIDR = re.compile(rf"{_IPV4}/(3[0-2]|[12]?\d)\Z")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")
_INTERFACE_NAME = re.compile(r"[A-Za-z0-9_.-]{0,15}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")
_PROTOCOLS = frozenset({1, 6, 17, 58, 132})


def _text(value: Any, _strict: bool = False) -> bool:
    return isinstance(value, str)


def _flag(value: Any, _strict: bool = False) -> bool:
    return isinstance(value, bool)


def _number(value: Any, _strict: bool = False) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any, _strict: bool = False) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64


def _port(value: Any, _strict: bool = False) -> bool:
    return _count(value) and value < 1 << 16


def _protocol(value: Any, _strict: bool = False) -> bool:
    return _count(value) and value in _PROTOCOLS


def _anything(value: Any, _strict: bool = False) -> bool:
    del value
    return True


def _id(value: Any, _strict: bool = False) -> bool:
    return isinstance(value, str) and is_hex64(value)


def _time(value: Any, _strict: bool = False) -> bool:
    return isinstance(value, str) and bool(_TIME.match(value))


def _mac(value: Any, _strict: bool = False) -> bool:
    return isinstance(value, str) and bool(_MAC.match(value))


def _cidr(value: Any, _strict: bool = False) -> bool:
    return isinstance(value, str) and (bool(_CIDR.match(value)) or (":" in value and _is_ipv6(value, prefix=True)))


def _address(value: Any, _strict: bool = False) -> bool:
    """An address, or what Go prints for none."""
    if not isinstance(value, str):
        return False
    return value in {"", "<nil>"} or bool(_ADDRESS.match(value)) or (":" in value and _is_ipv6(value, prefix=False))


def _is_ipv6(value: str, *, prefix: bool) -> bool:
    from ipaddress import ip_address, ip_interface  # noqa: PLC0415 - 1.5 ms that few hosts need

    try:
        return "/" in value and ip_interface(value).version == 6 if prefix else ip_address(value).version == 6
    except ValueError:
        return False


def _interface(value: Any, _strict: bool = False) -> bool:
    return isinstance(value, str) and bool(_INTERFACE_NAME.match(value))


def _one_of(*words: str) -> Judge:
    return lambda value, _strict: isinstance(value, str) and value in words


_scope = _one_of("", "local", "swarm", "global")
_balancer = _one_of("", "NAT", "DSR")


def _word(*known: str) -> Judge:
    """Text that is not one of these with a bit flipped: plugins bring words of their own."""
    return lambda value, _strict: isinstance(value, str) and not any(is_one_bit_off(value, word) for word in known)


_network_type = _word("bridge", "host", "null", "overlay", "macvlan", "ipvlan")
_ipam_type = _word("default", "null")


def _nothing_or(judge: Judge) -> Judge:
    return lambda value, strict: value is None or judge(value, strict)


def _list_of(judge: Judge) -> Judge:
    return lambda value, strict: (
        value is None or (isinstance(value, list) and all(judge(item, strict) for item in value))
    )


def _map_of(judge: Judge) -> Judge:
    return lambda value, strict: (
        value is None or (isinstance(value, dict) and all(judge(item, strict) for item in value.values()))
    )


def _struct(**fields: Judge) -> Judge:
    """An object with known members only, each of which may be missing."""

    def judge(value: Any, strict: bool) -> bool:
        return isinstance(value, dict) and all(
            fields[key](item, strict) if key in fields else not (strict or is_slip(key, fields, value))
            for key, item in value.items()
        )

    return judge


def is_slip(key: str, known: Any, present: Any) -> bool:
    """Whether an unknown key is one bit away from a known one that is missing."""
    return key not in known and any(name not in present and is_one_bit_off(key, name) for name in known)


def _json(judge: Judge) -> Judge:
    """Text that holds JSON."""

    def judged(value: Any, strict: bool) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return judge(load(value.encode("utf-8", "surrogatepass")), strict)
        except FormatError:
            return False

    return judged


_TEXTS = _map_of(_text)
_TRANSPORT = _struct(Proto=_protocol, Port=_port)
_BINDING = _struct(Proto=_protocol, IP=_address, Port=_port, HostIP=_address, HostPort=_port, HostPortEnd=_port)
_POOL = _struct(
    PreferredPool=lambda value, _strict: value == "" or _cidr(value),
    SubPool=_text,
    Gateway=_address,
    AuxAddresses=_TEXTS,
)
_IPAM_DATA = _struct(AddressSpace=_text, Pool=_cidr, Gateway=_cidr, AuxAddresses=_map_of(_cidr))
_INFO = _struct(PoolID=_text, Meta=_TEXTS, IPAMData=_json(_IPAM_DATA))
_SUBNETS = _json(_list_of(_struct(SubnetIP=_text, GwIP=_text)))

_OPTIONS = frozenset(
    f"com.docker.network.{name}"
    for name in (
        *(f"bridge.{name}" for name in ("name", "default_bridge", "enable_icc", "enable_ip_masquerade")),
        *(f"bridge.{name}" for name in ("host_binding_ipv4", "inhibit_ipv4", "gateway_mode_ipv4", "gateway_mode_ipv6")),
        *("driver.mtu", "container_iface_prefix", "host_ipv4", "host_ipv6", "enable_ipv6", "internal"),
    )
)


def _options(value: Any, strict: bool = False) -> bool:
    """A network's options: anybody may name new ones, but not one bit away from the engine's own."""
    if value is None:
        return True
    bits = 3 if strict else 1
    return _TEXTS(value, strict) and not any(
        _is_near(key, name, bits) for key in value for name in _OPTIONS - value.keys()
    )


def _is_near(one: str, other: str, bits: int) -> bool:
    """Whether two texts of one length differ in so few bits."""
    if len(one) != len(other):
        return False
    pairs = zip(one.encode("utf-8", "replace"), other.encode(), strict=False)
    return sum((left ^ right).bit_count() for left, right in pairs) <= bits


_NETWORK_GENERIC: dict[str, Judge] = {
    "com.docker.network.generic": _options,
    "com.docker.network.enable_ipv6": _flag,
    "com.docker.network.enable_ipv4": _flag,
    "com.docker.network.internal": _flag,
}
_ENDPOINT_GENERIC: dict[str, Judge] = {
    "com.docker.network.endpoint.exposedports": _list_of(_TRANSPORT),
    "com.docker.network.portmap": _list_of(_BINDING),
    "com.docker.network.endpoint.macaddress": _text,
}


def _generic(known: dict[str, Judge]) -> Judge:
    fields = _struct(**known)
    return lambda value, strict: isinstance(value, dict) and fields(value, strict)


_INTERFACE = _struct(
    mac=_mac,
    addr=_cidr,
    addrv6=_cidr,
    llAddrs=_list_of(_cidr),
    srcName=_interface,
    dstPrefix=_interface,
    dstName=_text,
    routes=_list_of(_text),
    v4PoolID=_text,
    v6PoolID=_text,
    createdInContainer=_flag,
    netnsPath=_text,
)
_JOIN = _struct(gw=_address, gw6=_address, disableGatewayService=_flag, StaticRoutes=_anything)

SHAPES: dict[str, tuple[tuple[str, ...], dict[str, Judge]]] = {
    "network": (
        ("name", "id", "networkType", "enableIPv6"),
        {
            "name": _text,
            "id": _id,
            "created": _time,
            "networkType": _network_type,
            "enableIPv4": _flag,
            "enableIPv6": _flag,
            "labels": _TEXTS,
            "ipamOptions": _TEXTS,
            "generic": _generic(_NETWORK_GENERIC),
            "persist": _flag,
            "postIPv6": _flag,
            "ipamType": _ipam_type,
            "addrSpace": _text,
            "ipamV4Config": _json(_list_of(_POOL)),
            "ipamV4Info": _json(_list_of(_INFO)),
            "ipamV6Config": _json(_list_of(_POOL)),
            "ipamV6Info": _json(_list_of(_INFO)),
            "internal": _flag,
            "attachable": _flag,
            "scope": _scope,
            "inDelete": _flag,
            "ingress": _flag,
            "configOnly": _flag,
            "configFrom": _text,
            "loadBalancerIP": _address,
            "loadBalancerMode": _balancer,
            "skipGwAllocIPv4": _flag,
            "skipGwAllocIPv6": _flag,
        },
    ),
    "endpoint": (
        ("name", "id", "ep_iface", "joinInfo", "sandbox"),
        {
            "name": _text,
            "id": _id,
            "ep_iface": _nothing_or(_INTERFACE),
            "joinInfo": _nothing_or(_JOIN),
            "exposed_ports": _list_of(_TRANSPORT),
            "generic": _generic(_ENDPOINT_GENERIC),
            "sandbox": lambda value, _strict: value == "" or _id(value),
            "anonymous": _flag,
            "disableIPv6": _flag,
            "disableResolution": _flag,
            "dnsNames": _list_of(_text),
            "myAliases": _list_of(_text),
            "svcName": _text,
            "svcID": _text,
            "svcAliases": _list_of(_text),
            "virtualIP": _address,
            "ingressPorts": _anything,
            "loadBalancer": _flag,
        },
    ),
    "endpoint_count": ((), {"Count": _count}),
    "sandbox": (
        (),
        {
            "ID": _id,
            "Cid": _text,
            "Eps": _list_of(_struct(Eid=_id, Nid=_id)),
            "EpPriority": _map_of(_number),
            "ExtDNS": _anything,
            "ExtDNS2": _list_of(_struct(IPStr=_text, HostLoopback=_flag)),
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
            "ID": _id,
            "BridgeName": _interface,
            "AddressIPv4": _cidr,
            "AddressIPv6": _cidr,
            "ContainerIfacePrefix": _text,
            "HostIP": _address,
            "HostIPv4": _address,
            "HostIPv6": _address,
            "DefaultBridge": _flag,
            "DefaultBindingIP": _address,
            "DefaultBindingIPv4": _address,
            "DefaultBindingIPv6": _address,
            "DefaultGatewayIPv4": _address,
            "DefaultGatewayIPv6": _address,
            "EnableIPv4": _flag,
            "EnableIPv6": _flag,
            "EnableIPMasquerade": _flag,
            "EnableICC": _flag,
            "InhibitIPv4": _flag,
            "Mtu": _number,
            "Internal": _flag,
            "BridgeIfaceCreator": _number,
            "GwModeIPv4": _text,
            "GwModeIPv6": _text,
            "TrustedHostInterfaces": _anything,
        },
    ),
    "bridge-endpoint": (
        ("id", "nid", "SrcName"),
        {
            "id": _id,
            "nid": _id,
            "SrcName": _interface,
            "MacAddress": _mac,
            "Addr": _cidr,
            "Addrv6": _cidr,
            "Config": _anything,
            "ContainerConfig": _anything,
            "ExternalConnConfig": _nothing_or(
                _struct(PortBindings=_list_of(_BINDING), ExposedPorts=_list_of(_TRANSPORT))
            ),
            "PortMapping": _list_of(_BINDING),
        },
    ),
    "macvlan": (
        ("ID", "Mtu", "Parent", "MacvlanMode", "Internal", "CreatedSubIface"),
        {
            "ID": _id,
            "Mtu": _number,
            "Parent": _text,
            "MacvlanMode": _text,
            "Internal": _flag,
            "CreatedSubIface": _flag,
            "Ipv4Subnets": _SUBNETS,
            "Ipv6Subnets": _SUBNETS,
        },
    ),
    "ipvlan": (
        ("ID", "Mtu", "Parent", "IpvlanMode", "Internal", "CreatedSubIface"),
        {
            "ID": _id,
            "Mtu": _number,
            "Parent": _text,
            "IpvlanMode": _text,
            "IpvlanFlag": _text,
            "Internal": _flag,
            "CreatedSubIface": _flag,
            "Ipv4Subnets": _SUBNETS,
            "Ipv6Subnets": _SUBNETS,
        },
    ),
}
_LIGHT_ENDPOINT: tuple[tuple[str, ...], dict[str, Judge]] = (
    ("id", "nid", "SrcName"),
    {"id": _id, "nid": _id, "SrcName": _interface, "MacAddress": _mac, "Addr": _cidr, "Addrv6": _cidr},
)
SHAPES["macvlan-endpoint"] = SHAPES["ipvlan-endpoint"] = _LIGHT_ENDPOINT

SOFT = frozenset({_time, _id, _interface, _address, _network_type, _ipam_type, _scope, _balancer})
"""A text that one of these refuses is read by the engine all the same."""

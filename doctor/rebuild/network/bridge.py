"""Builds the bridge driver's record of a network from the network's record or from an address alone.

libnetwork keeps each network twice: `network/ID`, and the driver's part under `bridge/ID`
(drivers/bridge/bridge_store.go, engine 26.1.5). If the second one is lost, the engine lists the network and each
container of it fails with "network … does not exist". Options have the names of ``docker network create -o``.
"""

import json
from typing import Any

_BRIDGE = "com.docker.network.bridge."
_CREATED_BY_ENGINE = 1
_CREATOR_UNKNOWN = 0


def bridge_record(identity: str, gateway: str, options: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the driver's record of a network; gateway with its prefix length, options as the user gave them."""
    given = options or {}
    name = given.get(f"{_BRIDGE}name", "")
    return {
        "AddressIPv4": gateway,
        "BridgeIfaceCreator": _CREATOR_UNKNOWN if name else _CREATED_BY_ENGINE,
        "BridgeName": name or f"br-{identity[:12]}",
        "ContainerIfacePrefix": given.get("com.docker.network.container_iface_prefix", ""),
        "DefaultBindingIP": given.get(f"{_BRIDGE}host_binding_ipv4") or "<nil>",
        "DefaultBridge": given.get(f"{_BRIDGE}default_bridge") == "true",
        "DefaultGatewayIPv4": "<nil>",
        "DefaultGatewayIPv6": "<nil>",
        "EnableICC": given.get(f"{_BRIDGE}enable_icc") != "false",
        "EnableIPMasquerade": given.get(f"{_BRIDGE}enable_ip_masquerade") != "false",
        "EnableIPv6": False,
        "HostIP": given.get("com.docker.network.host_ipv4") or "<nil>",
        "HostIPv6": "<nil>",
        "ID": identity,
        "InhibitIPv4": given.get(f"{_BRIDGE}inhibit_ipv4") == "true",
        "Internal": False,
        "Mtu": _number(given.get("com.docker.network.driver.mtu", "")),
    }


def from_network(identity: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the driver's record that belongs to a bridge network's own record, ``None`` if that has too little."""
    gateway = _gateway(body.get("ipamV4Info"))
    if body.get("networkType") != "bridge" or gateway is None:
        return None
    generic = body.get("generic")
    options = generic.get("com.docker.network.generic") if isinstance(generic, dict) else None
    known = {str(k): str(v) for k, v in options.items()} if isinstance(options, dict) else {}
    record = bridge_record(identity, gateway, known) | {"Internal": body.get("internal") is True}
    if body.get("enableIPv6") is True:
        six = _gateway(body.get("ipamV6Info"))
        if six is None:
            return None
        record |= {"AddressIPv6": six, "EnableIPv6": True}
    return record


def _gateway(info: object) -> str | None:
    """Return gateway and prefix length of the first pool."""
    try:
        gateway = json.loads(json.loads(str(info))[0]["IPAMData"])["Gateway"]
    except (ValueError, TypeError, LookupError):
        return None
    return gateway if isinstance(gateway, str) and "/" in gateway else None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0

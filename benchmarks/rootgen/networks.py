"""Networks as libnetwork keeps them in network/files/local-kv.db: the three built-in ones and user bridges."""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.rootgen.bolt import database
from benchmarks.rootgen.clock import stamp

_PREFIX = "docker/network/v1.0"
_MOST = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network of the data root; `driver` is bridge, host or null."""

    name: str
    network_id: str
    driver: str
    subnet: str = ""
    gateway: str = ""


def write_networks(root: str, rng: Random, count: int) -> list[Network]:
    """Write the database with `count` user bridges beside bridge, host and none, and give them all.

    User subnets are 10.64.0.0/24 onwards, and there may be at most 512.
    """
    if count > _MOST:
        message = f"at most {_MOST} networks"
        raise ValueError(message)
    networks = [_network(rng, "bridge", "bridge", "172.17.0.0/16", "172.17.0.1")]
    networks += [_network(rng, "host", "host"), _network(rng, "none", "null")]
    for number in range(count):
        pool = f"10.{64 + number // 256}.{number % 256}"
        networks.append(_network(rng, f"net-{number:03}", "bridge", f"{pool}.0/24", f"{pool}.1"))
    values: dict[bytes, bytes] = {}
    for index, network in enumerate(networks):
        for kind, body in _records(network):
            key = f"{_PREFIX}/{kind}/{network.network_id}/"
            # Each value begins with libnetwork's own version counter, eight bytes little-endian.
            values[key.encode()] = (index + 1).to_bytes(8, "little") + json.dumps(body, separators=(",", ":")).encode()
    folder = Path(root, "network/files")
    folder.mkdir(0o750, parents=True)
    path = folder / "local-kv.db"
    path.write_bytes(database({b"libnetwork": values}))
    path.chmod(0o644)
    return networks


def _network(rng: Random, name: str, driver: str, subnet: str = "", gateway: str = "") -> Network:
    identity = f"{rng.getrandbits(256):064x}"
    return Network(name=name, network_id=identity, driver=driver, subnet=subnet, gateway=gateway)


def _records(network: Network) -> list[tuple[str, dict[str, Any]]]:
    records = [("network", _common(network)), ("endpoint_count", {"Count": 0})]
    if network.driver == "bridge":
        records.append(("bridge", _bridge(network)))
    return records


def _common(network: Network) -> dict[str, Any]:
    is_default = network.name == "bridge"
    generic: dict[str, Any] = {"com.docker.network.generic": _default_options() if is_default else {}}
    body: dict[str, Any] = {
        "addrSpace": "LocalDefault" if network.driver == "bridge" else "",
        "attachable": False,
        "configFrom": "",
        "configOnly": False,
        "created": stamp(0),
        "enableIPv6": False,
        "generic": generic,
        "id": network.network_id,
        "inDelete": False,
        "ingress": False,
        "internal": False,
        "ipamOptions": None if is_default or network.driver != "bridge" else {},
        "ipamType": "default",
        "labels": {} if network.subnet and not is_default else None,
        "loadBalancerIP": "",
        "loadBalancerMode": "NAT",
        "name": network.name,
        "networkType": network.driver,
        "persist": True,
        "postIPv6": False,
        "scope": "local",
    }
    if network.driver == "bridge":
        generic["com.docker.network.enable_ipv6"] = False
        body |= _addresses(network)
    return body


def _addresses(network: Network) -> dict[str, str]:
    prefix = network.subnet.split("/")[1]
    wanted = "" if network.name == "bridge" else network.subnet
    config = [{"PreferredPool": wanted, "SubPool": "", "Gateway": "", "AuxAddresses": None}]
    data = {"AddressSpace": "LocalDefault", "Gateway": f"{network.gateway}/{prefix}", "Pool": network.subnet}
    info = [{"IPAMData": _dense(data), "PoolID": f"LocalDefault/{network.subnet}"}]
    return {"ipamV4Config": _dense(config), "ipamV4Info": _dense(info)}


def _default_options() -> dict[str, str]:
    prefix = "com.docker.network"
    return {
        f"{prefix}.bridge.default_bridge": "true",
        f"{prefix}.bridge.enable_icc": "true",
        f"{prefix}.bridge.enable_ip_masquerade": "true",
        f"{prefix}.bridge.host_binding_ipv4": "0.0.0.0",
        f"{prefix}.bridge.name": "docker0",
        f"{prefix}.driver.mtu": "1500",
    }


def _bridge(network: Network) -> dict[str, Any]:
    is_default = network.name == "bridge"
    prefix = network.subnet.split("/")[1]
    return {
        "AddressIPv4": f"{network.gateway}/{prefix}",
        "BridgeIfaceCreator": 1,
        "BridgeName": "docker0" if is_default else f"br-{network.network_id[:12]}",
        "ContainerIfacePrefix": "",
        "DefaultBindingIP": "0.0.0.0" if is_default else "<nil>",
        "DefaultBridge": is_default,
        "DefaultGatewayIPv4": "<nil>",
        "DefaultGatewayIPv6": "<nil>",
        "EnableICC": True,
        "EnableIPMasquerade": True,
        "EnableIPv6": False,
        "HostIP": "<nil>",
        "HostIPv6": "<nil>",
        "ID": network.network_id,
        "InhibitIPv4": False,
        "Internal": False,
        "Mtu": 1500 if is_default else 0,
    }


def _dense(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))

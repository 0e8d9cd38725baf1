"""Networks and containers of the healthy host: as in the engine's API, its database and the kernel.

docker0 with `web` (8080, and 8082 on loopback only), a network `app` with `api` (8081), an internal network.
"""

import json

from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from tests.cases.firewall.rules import BI, BR

APP, INNER, DEFAULT = "a" * 12 + "0" * 52, "b" * 12 + "0" * 52, "d" * 12 + "0" * 52
WEB, API = "c" * 63 + "1", "c" * 63 + "2"
EP_WEB, EP_API = "e" * 63 + "1", "e" * 63 + "2"


def network(
    identity: str, name: str, subnet: str, options: dict[str, str] | None = None, *, internal: bool = False
) -> dict[str, object]:
    return {
        "Name": name, "Id": identity, "Created": f"2026-01-02T00:00:0{'dab'.index(identity[0])}Z", "Scope": "local",
        "Driver": "bridge", "EnableIPv6": False, "Internal": internal,
        "IPAM": {"Config": [{"Subnet": subnet, "Gateway": subnet.rpartition(".")[0] + ".1"}]},
        "Options": {f"com.docker.network.bridge.{key}": value for key, value in (options or {}).items()},
    }  # fmt: skip


NETWORKS = [
    network(DEFAULT, "bridge", "172.17.0.0/16", {"name": "docker0", "default_bridge": "true"}),
    network(APP, "app", "10.88.0.0/24"),
    network(INNER, "inner", "172.18.0.0/16", internal=True),
]


def container(
    identity: str, name: str, place: tuple[str, str, str], ports: list[tuple[str, int, int]]
) -> dict[str, object]:
    net, net_id, ip = place
    return {
        "Id": identity, "Names": [f"/{name}"], "State": "running", "HostConfig": {"NetworkMode": net},
        "Ports": [{"IP": host, "PublicPort": public, "PrivatePort": inner, "Type": "tcp"} for host, public, inner in ports],
        "NetworkSettings": {"Networks": {net: {"NetworkID": net_id, "EndpointID": "e" * 63 + identity[-1], "IPAddress": ip}}},
    }  # fmt: skip


CONTAINERS = [
    container(WEB, "web", ("bridge", DEFAULT, "172.17.0.2"), [("127.0.0.1", 8082, 80), ("0.0.0.0", 8080, 80)]),
    container(API, "api", ("app", APP, "10.88.0.2"), [("0.0.0.0", 8081, 80)]),
]


def _link(number: int, name: str, kind: str, address: str) -> dict[str, object]:
    found: dict[str, object] = {
        "ifindex": number, "ifname": name, "flags": ["BROADCAST", "UP", "LOWER_UP"], "mtu": 1500, "operstate": "UP",
        "addr_info": [{"family": "inet", "local": address.partition("/")[0], "prefixlen": int(address.partition("/")[2])}],
    }  # fmt: skip
    return found | ({"linkinfo": {"info_kind": kind}} if kind else {})


LINKS = [
    _link(2, "eth0", "", "198.51.100.1/24"), _link(3, "docker0", "bridge", "172.17.0.1/16"),
    _link(4, BR, "bridge", "10.88.0.1/24"), _link(5, BI, "bridge", "172.18.0.1/16"),
]  # fmt: skip
ROUTES = [
    {"dst": "default", "gateway": "198.51.100.2", "dev": "eth0", "flags": []},
    {"dst": "198.51.100.0/24", "dev": "eth0", "flags": []}, {"dst": "172.17.0.0/16", "dev": "docker0", "flags": []},
    {"dst": "10.88.0.0/24", "dev": BR, "flags": []}, {"dst": "172.18.0.0/16", "dev": BI, "flags": []},
]  # fmt: skip


def database() -> bytes:
    """The network database of the host, as the engine's bridge driver writes it."""
    root = Bucket()
    bucket = root.buckets[b"libnetwork"] = Bucket()

    def put(kind: str, identity: str, record: dict[str, object]) -> None:
        key = f"docker/network/v1.0/{kind}/{identity}/".encode()
        bucket.keys[key] = b"\1\0\0\0\0\0\0\0" + json.dumps(record).encode()

    for identity, name, bridge, address, internal in (
        (DEFAULT, "bridge", "docker0", "172.17.0.1/16", False),
        (APP, "app", BR, "10.88.0.1/24", False),
        (INNER, "inner", BI, "172.18.0.1/16", True),
    ):
        created = f"2026-01-02T00:00:0{'dab'.index(identity[0])}Z"
        put("network", identity, {
            "id": identity, "name": name, "networkType": "bridge", "created": created, "enableIPv6": False,
        })  # fmt: skip
        record = {
            "ID": identity, "BridgeName": bridge, "AddressIPv4": address, "Internal": internal, "EnableICC": True,
            "EnableIPMasquerade": True, "DefaultBridge": name == "bridge", "EnableIPv6": False, "Mtu": 0,
            "DefaultBindingIP": "<nil>", "DefaultGatewayIPv4": "<nil>", "DefaultGatewayIPv6": "<nil>",
        }  # fmt: skip
        put("bridge", identity, record)
    for identity, net, ip, ports in (
        (EP_WEB, DEFAULT, "172.17.0.2", [("127.0.0.1", 8082), ("0.0.0.0", 8080)]),
        (EP_API, APP, "10.88.0.2", [("0.0.0.0", 8081)]),
    ):
        mapping = [{"Proto": 6, "IP": ip, "Port": 80, "HostIP": host, "HostPort": port} for host, port in ports]
        put("bridge-endpoint", identity, {
            "id": identity, "nid": net, "Addr": f"{ip}/24", "PortMapping": mapping, "SrcName": f"veth{identity[:7]}",
        })  # fmt: skip
    return write(root, page_size=1024)

"""Rebuilds networks from a damaged database and the containers.

Record forms: libnetwork network.go and drivers/bridge/bridge_store.go as engine 26.1.5 writes them; older and newer
engines read these and add the rest. A record with a key that the engine can't parse would block its start, so nothing
is added.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from doctor.engines.docker import places as docker
from doctor.facts.containers.containers import Attachment, Containers
from doctor.facts.databases.databases import NetworkDatabase
from doctor.facts.network.needs import BUILT_IN, wanted_networks
from doctor.facts.network.traces import NetworkTraces
from doctor.formats.databases.bolt import Bucket
from doctor.formats.databases.bolt_write import write
from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.network.libnetwork import parts
from doctor.rebuild.network.bridge import bridge_record, from_network

if TYPE_CHECKING:
    # Each scan loads this module, and only a damaged database needs addresses: 1.5 ms.
    from ipaddress import IPv4Interface, IPv4Network

    from doctor.rebuild.network.infer import Member

PREFIX = docker.NETWORK_KEYS.rstrip("/")
NO_TRACES = NetworkTraces()
_NOT_CONFIG = frozenset(
    {"endpoint", "endpoint_count", "sandbox", "bridge-endpoint", "ipam", "macvlan/endpoint", "ipvlan/endpoint"}
)


class RebuiltNetworks(Struct, frozen=True, kw_only=True):
    """A new network database.

    Attributes:
        content: the file, b"" if it would be empty.
        kept: names of networks with their own records.
        inferred: names of networks rebuilt from their containers: id, subnet, gateway and static addresses are right,
            labels, driver options and IPv6 are not known.
        assumed: likewise, with the assumed subnet and its basis.
        lost: names of networks that containers need and that can't be written, with the reason.
    """

    content: bytes
    kept: tuple[str, ...]
    inferred: tuple[str, ...]
    assumed: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def in_words(self) -> tuple[str, ...]:
        """Return descriptions of the rebuilt and the missing networks; kept ones are omitted."""
        return (
            *(
                (f"{', '.join(self.inferred)} from the containers' files, without labels and options",)
                if self.inferred
                else ()
            ),
            *((f"assumed, as bridges without labels and options: {', '.join(self.assumed)}",) if self.assumed else ()),
            *((f"not restored: {', '.join(self.lost)}",) if self.lost else ()),
        )


def rebuild_networks(
    database: NetworkDatabase, containers: Containers, traces: NetworkTraces = NO_TRACES
) -> RebuiltNetworks:
    """Return a rebuilt database: whole records from the old file's pages first, then records from the containers."""
    from doctor.rebuild.network.infer import infer  # noqa: PLC0415 - each scan loads this module

    wanted = wanted_networks(containers)
    chosen = dict(_choose(_salvaged(database), wanted))
    values: dict[bytes, bytes] = {}
    for identity, record in chosen.items():
        values[_key("network", identity)] = record
        for kind, value in _driver_records(database, identity):
            values[_key(kind, identity)] = value
        derived = from_network(identity, body_of(record))
        if derived is not None:
            values.setdefault(_key("bridge", identity), _value(1, derived))
        values[_key("endpoint_count", identity)] = _value(1, {"Count": 0})
    names = {str(body_of(record).get("name", "")) for record in chosen.values()}
    taken = [subnet for record in chosen.values() for subnet in _subnets(body_of(record))]
    inferred, assumed, lost = [], [], []
    for index, (identity, members) in enumerate(_members(containers, names).items(), start=2):
        if identity in chosen:
            continue
        name = members[0][1].name
        found = infer(identity, members, traces, _known_bridge(database, identity), taken)
        if found.address is None or name in names:
            lost.append(f"{name} ({found.refusal or 'another network has its name'})")
            continue
        names.add(name)
        taken.append(found.address.network)
        if found.assumed:
            assumed.append(f"{name} as {found.address.network} ({found.assumed})")
        else:
            inferred.append(name)
        for kind, body in _records(identity, name, found.address):
            values[_key(kind, identity)] = _value(index, body)
    content = (
        write(Bucket(buckets={docker.NETWORK_BUCKET.encode(): Bucket(keys=dict(sorted(values.items())))}))
        if values
        else b""
    )
    kept = tuple(sorted(str(body_of(record).get("name", "")) for record in chosen.values()))
    return RebuiltNetworks(
        content=content, kept=kept, inferred=tuple(inferred), assumed=tuple(assumed), lost=tuple(lost)
    )


def new_identity(name: str) -> str:
    """Return an id for a network without a recorded one; a container that never ran looks it up by name."""
    return sha256(f"network {name}".encode()).hexdigest()


def _doubt(members: list["Member"]) -> int:
    if any(place.gateway for _, place in members):
        return 0
    return 1 if any(place.static_ip for _, place in members) else 2


def _members(containers: Containers, names: set[str]) -> dict[str, list["Member"]]:
    """Return id → members of the networks to rebuild.

    A container that never ran records only its network's name. If no other container records the id, one is derived
    from the name: the engine then looks the network up by name.
    """
    found: dict[str, list[Member]] = {}
    nameless: dict[str, list[Member]] = {}
    for container in containers.items:
        for place in container.networks:
            if place.name in BUILT_IN or place.name == "default":
                continue
            if is_hex64(place.network_id):
                found.setdefault(place.network_id, []).append((container, place))
            elif not place.network_id and place.name not in names:
                nameless.setdefault(place.name, []).append((container, place))
    # Proven networks first: assumed ones must leave their addresses free.
    order = sorted(found, key=lambda identity: (_doubt(found[identity]), identity))
    ordered = {identity: found[identity] for identity in order}
    by_name = {members[0][1].name: identity for identity, members in ordered.items()}
    for name, members in nameless.items():
        identity = by_name.get(name) or new_identity(name)
        ordered.setdefault(identity, []).extend(members)
    return ordered


def _salvaged(database: NetworkDatabase) -> dict[str, bytes]:
    found = {}
    for key, value in database.salvaged.items():
        kind, ids = parts(key)
        if kind == "network" and ids and body_of(value).get("id") == ids[0]:
            found[ids[0]] = value
    return found


def _choose(salvaged: dict[str, bytes], wanted: dict[str, list[Attachment]]) -> Iterator[tuple[str, bytes]]:
    """Yield the networks to keep: those that containers need, then the newest; never two of one name or subnet.

    Pages of older generations also hold networks that were removed since; these yield to newer ones.
    """
    names: set[str] = set()
    subnets: list[IPv4Network] = []
    order = sorted(
        salvaged, key=lambda identity: (identity not in wanted, -int.from_bytes(salvaged[identity][:8], "little"))
    )
    for identity in order:
        body = body_of(salvaged[identity])
        name, mine = str(body.get("name", "")), list(_subnets(body))
        if body.get("inDelete") is True or name in names or any(a.overlaps(b) for a in mine for b in subnets):
            continue
        names.add(name)
        subnets.extend(mine)
        yield identity, salvaged[identity]


def subnets_in(tree: Bucket) -> Iterator[str]:
    """Yield the IPv4 subnets of all networks in a tree."""
    there = tree.at(docker.NETWORK_BUCKET) or Bucket()
    for key, value in there.keys.items():
        if key.startswith(f"{PREFIX}/network/".encode()):
            yield from (str(subnet) for subnet in _subnets(body_of(value)))


def clashes(tree: Bucket, added: dict[bytes, bytes]) -> str:
    """Return the name of a network in the tree that has the name or part of the addresses of one to be added, "" for none."""
    there = tree.at(docker.NETWORK_BUCKET) or Bucket()
    mine = [body_of(value) for key, value in added.items() if key.startswith(f"{PREFIX}/network/".encode())]
    for key, value in there.keys.items():
        if not key.startswith(f"{PREFIX}/network/".encode()) or key in added:
            continue
        body = body_of(value)
        for one in mine:
            meets = any(a.overlaps(b) for a in _subnets(body) for b in _subnets(one))
            if meets or body.get("name") == one.get("name"):
                return str(body.get("name"))
    return ""


def _driver_records(database: NetworkDatabase, identity: str) -> Iterator[tuple[str, bytes]]:
    for key, value in database.salvaged.items():
        kind, ids = parts(key)
        if ids == (identity,) and kind not in {"network", *_NOT_CONFIG}:
            yield kind, value


def _subnets(body: dict[str, Any]) -> "Iterator[IPv4Network]":
    from ipaddress import IPv4Network  # noqa: PLC0415

    try:
        for entry in json.loads(body.get("ipamV4Info") or "[]"):
            pool = json.loads(entry["IPAMData"])["Pool"]
            yield IPv4Network(pool, strict=False)
    except (ValueError, TypeError, KeyError):
        return


def _known_bridge(database: NetworkDatabase, identity: str) -> str:
    """Return the gateway that the bridge driver's record of a network says, "" without one."""
    body = body_of(database.salvaged.get(_key("bridge", identity), b""))
    address = body.get("AddressIPv4") if body.get("ID") == identity else None
    return address if isinstance(address, str) else ""


def _records(identity: str, name: str, address: "IPv4Interface") -> Iterator[tuple[str, dict[str, Any]]]:
    pool = str(address.network)
    data = _dense({"AddressSpace": "LocalDefault", "Gateway": str(address), "Pool": pool})
    config = {"PreferredPool": pool, "SubPool": "", "Gateway": "", "AuxAddresses": None}
    yield (
        "network",
        {
            "addrSpace": "LocalDefault",
            "attachable": False,
            "configFrom": "",
            "configOnly": False,
            "created": "1970-01-01T00:00:00Z",
            "enableIPv6": False,
            "generic": {"com.docker.network.enable_ipv6": False, "com.docker.network.generic": {}},
            "id": identity,
            "inDelete": False,
            "ingress": False,
            "internal": False,
            "ipamOptions": {},
            "ipamType": "default",
            "ipamV4Config": _dense([config]),
            "ipamV4Info": _dense([{"IPAMData": data, "PoolID": f"LocalDefault/{pool}"}]),
            "labels": {},
            "loadBalancerIP": "",
            "loadBalancerMode": "NAT",
            "name": name,
            "networkType": "bridge",
            "persist": True,
            "postIPv6": False,
            "scope": "local",
        },
    )
    yield "endpoint_count", {"Count": 0}
    yield "bridge", bridge_record(identity, str(address))


def _key(kind: str, identity: str) -> bytes:
    return f"{PREFIX}/{kind}/{identity}/".encode()


def _value(index: int, body: dict[str, Any]) -> bytes:
    return index.to_bytes(8, "little") + _dense(body).encode()


def _dense(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def body_of(value: bytes) -> dict[str, Any]:
    """Return the JSON of a record, {} for anything else."""
    try:
        found = json.loads(value[8:])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

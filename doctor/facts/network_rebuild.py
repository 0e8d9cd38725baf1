"""Networks put together again from what a damaged database and the containers still tell.

Record forms: libnetwork network.go and drivers/bridge/bridge_store.go as engine 26.1.5 writes them; older and newer engines
read these and fill in the rest. A record with a key that the engine can't parse would stop it, so nothing is added.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from doctor.facts.containers import Attachment, Containers
from doctor.facts.databases import NetworkDatabase
from doctor.facts.network_bridge import bridge_record, from_network
from doctor.facts.network_needs import wanted_networks
from doctor.formats.bolt import Bucket
from doctor.formats.bolt_write import write

if TYPE_CHECKING:
    # Each scan loads this module, and only a damaged database needs addresses: 1.5 ms.
    from ipaddress import IPv4Interface, IPv4Network

PREFIX = "docker/network/v1.0"
_NOT_CONFIG = frozenset({"endpoint", "endpoint_count", "sandbox", "bridge-endpoint", "ipam"})


class RebuiltNetworks(Struct, frozen=True, kw_only=True):
    """A new network database.

    Attributes:
        content: the file, b"" where there is nothing to put into it.
        kept: names of networks whose own records were found.
        inferred: names of networks put together from their containers: id, subnet, gateway and static addresses are right,
            labels, driver options and IPv6 are not known.
        lost: names of networks that containers need and nothing describes.
    """

    content: bytes
    kept: tuple[str, ...]
    inferred: tuple[str, ...]
    lost: tuple[str, ...]


def rebuild_networks(database: NetworkDatabase, containers: Containers) -> RebuiltNetworks:
    """Return a database of what is still known: whole records from the old file's pages first, then the containers'."""
    wanted = wanted_networks(containers)
    chosen = dict(_choose(_salvaged(database), wanted))
    values: dict[bytes, bytes] = {}
    for identity, record in chosen.items():
        values[_key("network", identity)] = record
        for kind, value in _driver_records(database, identity):
            values[_key(kind, identity)] = value
        derived = from_network(identity, _body(record))
        if derived is not None:
            values.setdefault(_key("bridge", identity), _value(1, derived))
        values[_key("endpoint_count", identity)] = _value(1, {"Count": 0})
    inferred, lost = [], []
    for index, (identity, attachments) in enumerate(wanted.items(), start=2):
        if identity in chosen:
            continue
        address = _address(attachments)
        if address is None:
            lost.append(attachments[0].name)
            continue
        inferred.append(attachments[0].name)
        for kind, body in _records(identity, attachments[0].name, address):
            values[_key(kind, identity)] = _value(index, body)
    content = write(Bucket(buckets={b"libnetwork": Bucket(keys=dict(sorted(values.items())))})) if values else b""
    kept = tuple(sorted(str(_body(record).get("name", "")) for record in chosen.values()))
    return RebuiltNetworks(content=content, kept=kept, inferred=tuple(inferred), lost=tuple(lost))


def _salvaged(database: NetworkDatabase) -> dict[str, bytes]:
    found = {}
    for key, value in database.salvaged.items():
        parts = key.decode("utf-8", "replace").split("/")
        if len(parts) > 4 and parts[3] == "network" and _body(value).get("id") == parts[4]:
            found[parts[4]] = value
    return found


def _choose(salvaged: dict[str, bytes], wanted: dict[str, list[Attachment]]) -> Iterator[tuple[str, bytes]]:
    """Yield the networks to keep: those that containers need, then the newest; never two of one name or subnet.

    Pages of older generations also hold networks that were removed since; such a one gives way.
    """
    names: set[str] = set()
    subnets: list[IPv4Network] = []
    order = sorted(
        salvaged, key=lambda identity: (identity not in wanted, -int.from_bytes(salvaged[identity][:8], "little"))
    )
    for identity in order:
        body = _body(salvaged[identity])
        name, mine = str(body.get("name", "")), list(_subnets(body))
        if body.get("inDelete") is True or name in names or any(a.overlaps(b) for a in mine for b in subnets):
            continue
        names.add(name)
        subnets.extend(mine)
        yield identity, salvaged[identity]


def clashes(tree: Bucket, added: dict[bytes, bytes]) -> str:
    """Return the name of a network in the tree that has the name or part of the addresses of one to be added, "" for none."""
    there = tree.at("libnetwork") or Bucket()
    mine = [_body(value) for key, value in added.items() if key.startswith(f"{PREFIX}/network/".encode())]
    for key, value in there.keys.items():
        if not key.startswith(f"{PREFIX}/network/".encode()) or key in added:
            continue
        body = _body(value)
        for one in mine:
            meets = any(a.overlaps(b) for a in _subnets(body) for b in _subnets(one))
            if meets or body.get("name") == one.get("name"):
                return str(body.get("name"))
    return ""


def _driver_records(database: NetworkDatabase, identity: str) -> Iterator[tuple[str, bytes]]:
    for key, value in database.salvaged.items():
        parts = key.decode("utf-8", "replace").split("/")
        if len(parts) > 4 and parts[4] == identity and parts[3] not in {"network", *_NOT_CONFIG} and len(parts) <= 6:
            yield parts[3], value


def _subnets(body: dict[str, Any]) -> "Iterator[IPv4Network]":
    from ipaddress import IPv4Network  # noqa: PLC0415

    try:
        for entry in json.loads(body.get("ipamV4Info") or "[]"):
            pool = json.loads(entry["IPAMData"])["Pool"]
            yield IPv4Network(pool, strict=False)
    except (ValueError, TypeError, KeyError):
        return


def _address(attachments: list[Attachment]) -> "IPv4Interface | None":
    """Return gateway and prefix of a network as its containers had them, ``None`` where none ran or they differ."""
    found = {f"{place.gateway}/{place.prefix}" for place in attachments if place.gateway and 0 < place.prefix <= 30}
    if len(found) != 1:
        return None
    from ipaddress import IPv4Interface, ip_interface  # noqa: PLC0415

    try:
        address = ip_interface(found.pop())
    except ValueError:
        return None
    return address if isinstance(address, IPv4Interface) else None


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


def _body(value: bytes) -> dict[str, Any]:
    try:
        found = json.loads(value[8:])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

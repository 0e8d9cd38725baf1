"""Compares values that several records of the network database and the containers' files share: which copy is one bit
off.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from doctor.facts.containers.containers import Container
from doctor.facts.databases.flawed_records import Records
from doctor.facts.network.needs import BUILT_IN
from doctor.formats.json_safe import load
from doctor.formats.json_values import text
from doctor.formats.network.libnetwork import INDEX_BYTES, KINDS, parts
from doctor.model.errors import FormatError
from doctor.model.text import is_one_bit_off

SharedValue = tuple[tuple[str, str], str]
"""((kind, owner), text): one copy of a value that is kept in several places."""


class Slip(Struct, frozen=True):
    """A record's copy that is one bit away from the other copies, and whether most copies agree."""

    what: str
    text: str
    right: str
    is_proven: bool


def slips(records: Records, shared: Iterable[SharedValue]) -> dict[bytes, list[Slip]]:
    """Return the slips of each record that has any; if only two copies differ, both count as unproven."""
    groups: dict[tuple[str, str], list[tuple[bytes, str]]] = {}
    for what_of, copy in shared:
        groups.setdefault(what_of, []).append((b"", copy))
    for key, value in records.items():
        for what_of, copy in shared_in(key, value):
            groups.setdefault(what_of, []).append((key, copy))
    found: dict[bytes, list[Slip]] = {}
    for (what, _), copies in groups.items():
        counted = Counter(text for _, text in copies)
        if len(counted) != 2:
            continue
        (right, most), (wrong, fewer) = counted.most_common()
        if not is_one_bit_off(right, wrong):
            continue
        for key, copy in copies:
            if key and copy == wrong:
                found.setdefault(key, []).append(Slip(what, copy, right, most > fewer))
            elif key and most == fewer:
                found.setdefault(key, []).append(Slip(what, copy, wrong, is_proven=False))
    return found


def best(records: Records, key: bytes, ways: list[bytes], shared: Iterable[SharedValue]) -> list[bytes]:
    """Return the values of a record that agree most with the other copies."""
    others = Counter[SharedValue](shared)
    for other, value in records.items():
        if other != key:
            others.update(shared_in(other, value))
    agrees = [sum(others[one] for one in shared_in(key, value)) for value in ways]
    return [value for value, count in zip(ways, agrees, strict=True) if count == max(agrees)]


def shared_by(containers: Iterable[Container]) -> Iterator[SharedValue]:
    """Yield the values that containers have of networks and endpoints; a single network is also named by the
    container's mode.
    """
    for container in containers:
        # The name of its directory, and the id in its file.
        yield from _halves("container", container.id, 2)
        for place in container.networks:
            if place.network_id and place.name not in BUILT_IN:
                yield ("name", place.network_id), place.name
                if len(container.networks) == 1 and container.host is not None and container.host.network_mode:
                    yield ("name", place.network_id), container.host.network_mode
            if place.endpoint_id and container.state.running:
                own = place.endpoint_id
                yield ("network", own), place.network_id
                yield ("sandbox", own), container.sandbox_id
                yield ("address", own), f"{place.ip}/{place.prefix}"
                yield ("MAC address", own), place.mac


def shared_in(key: bytes, value: bytes) -> Iterator[SharedValue]:
    """Yield all values of a record and its key."""
    kind, ids = parts(key)
    if kind not in KINDS or not ids or len(value) <= INDEX_BYTES:
        return
    # A record that names its own id holds two copies of it.
    if kind in {"network", "bridge", "endpoint_count", "endpoint"}:
        yield from _halves("network", ids[0], 2 if kind in {"network", "bridge"} else 1)
    if kind in {"endpoint", "bridge-endpoint"}:
        yield from _halves("endpoint", ids[-1], 2)
    if kind in _SHARED:
        yield from _SHARED[kind](ids, _object(value))


def _halves(what: str, identity: str, times: int) -> Iterator[SharedValue]:
    """An id by each of its halves: a flipped bit leaves the other half intact, which joins the copies."""
    for half in (identity[:32], identity[32:]) * times:
        yield (f"{what}'s id", half), identity


def _network(ids: tuple[str, ...], record: dict[str, Any]) -> Iterator[SharedValue]:
    own = ids[-1]
    yield ("name", own), text(record.get("name"))
    infos = _objects(record.get("ipamV4Info"))
    for info in infos:
        data = _loaded(info.get("IPAMData"))
        space, _, pool = text(info.get("PoolID")).partition("/")
        yield ("gateway", own), text(data.get("Gateway"))
        yield ("subnet", own), text(data.get("Pool"))
        yield ("subnet", own), pool
        yield ("address space", own), space
        yield ("address space", own), text(data.get("AddressSpace"))
    if infos:
        yield ("address space", own), text(record.get("addrSpace"))
    for asked in _objects(record.get("ipamV4Config")):
        if asked.get("PreferredPool"):
            yield ("subnet", own), text(asked["PreferredPool"])


def _bridge(ids: tuple[str, ...], record: dict[str, Any]) -> Iterator[SharedValue]:
    own, name = ids[-1], text(record.get("BridgeName"))
    yield ("gateway", own), text(record.get("AddressIPv4"))
    if record.get("DefaultBridge") is False and name.startswith("br-"):
        yield ("interface", own), name
        # Nobody chooses two names that differ in one letter.
        yield from [(("interface", own), f"br-{own[:12]}")] * 2


def _endpoint(ids: tuple[str, ...], record: dict[str, Any]) -> Iterator[SharedValue]:
    own, found = ids[-1], record.get("ep_iface")
    yield from _interface(own, found, ("addr", "mac", "srcName"))
    yield ("network", own), ids[0]
    yield ("sandbox", own), text(record.get("sandbox"))
    if isinstance(found, dict) and found.get("v4PoolID"):
        yield ("subnet", ids[0]), text(found["v4PoolID"]).partition("/")[2]


def _bridge_endpoint(ids: tuple[str, ...], record: dict[str, Any]) -> Iterator[SharedValue]:
    own = ids[-1]
    yield from _interface(own, record, ("Addr", "MacAddress", "SrcName"))
    yield ("network", own), text(record.get("nid"))
    for mapping in _objects(record.get("PortMapping")):
        if ":" not in text(mapping.get("IP")):
            yield ("address", f"{own} bare"), text(mapping.get("IP"))


def _sandbox(ids: tuple[str, ...], record: dict[str, Any]) -> Iterator[SharedValue]:
    yield from _halves("container", text(record.get("Cid")), 1)
    for joined in _objects(record.get("Eps")):
        endpoint = text(joined.get("Eid"))
        yield from _halves("endpoint", endpoint, 1)
        yield ("network", endpoint), text(joined.get("Nid"))
        yield ("sandbox", endpoint), ids[-1]


_SHARED: dict[str, Callable[[tuple[str, ...], dict[str, Any]], Iterator[SharedValue]]] = {
    "network": _network,
    "bridge": _bridge,
    "endpoint": _endpoint,
    "bridge-endpoint": _bridge_endpoint,
    "sandbox": _sandbox,
}


def _interface(own: str, found: Any, keys: tuple[str, str, str]) -> Iterator[SharedValue]:
    shared = found if isinstance(found, dict) else {}
    for what, key in zip(("address", "MAC address", "interface"), keys, strict=True):
        if key in shared:
            yield (what, own), text(shared[key])
    yield ("address", f"{own} bare"), text(shared.get(keys[0])).partition("/")[0]


def _object(value: bytes) -> dict[str, Any]:
    try:
        found = load(value[INDEX_BYTES:])
    except FormatError:
        return {}
    return found if isinstance(found, dict) else {}


def _loaded(text: Any) -> dict[str, Any]:
    found = _parsed(text)
    return found if isinstance(found, dict) else {}


def _parsed(text: Any) -> Any:
    try:
        return load(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else None
    except FormatError:
        return None


def _objects(value: Any) -> list[dict[str, Any]]:
    found = _parsed(value) if isinstance(value, str) else value
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

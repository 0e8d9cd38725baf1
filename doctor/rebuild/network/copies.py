"""What several records of the network database and the containers' files tell alike, and which copy is one bit away from the others."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from doctor.facts.containers.containers import Container
from doctor.facts.databases.flawed_records import Records
from doctor.facts.network.needs import BUILT_IN
from doctor.formats.json_safe import load
from doctor.formats.network.libnetwork import INDEX_BYTES, KINDS, parts
from doctor.model.errors import FormatError
from doctor.model.text import is_one_bit_off

Told = tuple[tuple[str, str], str]
"""((what, of whom), text): one place that tells something which others tell too."""


class Slip(Struct, frozen=True):
    """A record's copy that is one bit away from what others have, and whether most have that."""

    what: str
    text: str
    right: str
    is_proven: bool


def slips(records: Records, told: Iterable[Told]) -> dict[bytes, list[Slip]]:
    """Return the slips of each record that has some; of two copies that differ both, as unproven."""
    groups: dict[tuple[str, str], list[tuple[bytes, str]]] = {}
    for what_of, text in told:
        groups.setdefault(what_of, []).append((b"", text))
    for key, value in records.items():
        for what_of, text in told_in(key, value):
            groups.setdefault(what_of, []).append((key, text))
    found: dict[bytes, list[Slip]] = {}
    for (what, _), copies in groups.items():
        counted = Counter(text for _, text in copies)
        if len(counted) != 2:
            continue
        (right, most), (wrong, fewer) = counted.most_common()
        if not is_one_bit_off(right, wrong):
            continue
        for key, text in copies:
            if key and text == wrong:
                found.setdefault(key, []).append(Slip(what, text, right, most > fewer))
            elif key and most == fewer:
                found.setdefault(key, []).append(Slip(what, text, wrong, is_proven=False))
    return found


def best(records: Records, key: bytes, ways: list[bytes], told: Iterable[Told]) -> list[bytes]:
    """Return those of several values of a record that agree most with what is told elsewhere."""
    others = Counter[Told](told)
    for other, value in records.items():
        if other != key:
            others.update(told_in(other, value))
    agrees = [sum(others[one] for one in told_in(key, value)) for value in ways]
    return [value for value, count in zip(ways, agrees, strict=True) if count == max(agrees)]


def told_by(containers: Iterable[Container]) -> Iterator[Told]:
    """Yield what containers tell of networks and endpoints; the mode of one in a single network names that once more."""
    for container in containers:
        # The name of its directory, and what is written in it.
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


def told_in(key: bytes, value: bytes) -> Iterator[Told]:
    """Yield all that a record and its key tell."""
    kind, ids = parts(key)
    if kind not in KINDS or not ids or len(value) <= INDEX_BYTES:
        return
    # A record that names its own id has two copies of it.
    if kind in {"network", "bridge", "endpoint_count", "endpoint"}:
        yield from _halves("network", ids[0], 2 if kind in {"network", "bridge"} else 1)
    if kind in {"endpoint", "bridge-endpoint"}:
        yield from _halves("endpoint", ids[-1], 2)
    if kind in _TOLD:
        yield from _TOLD[kind](ids, _object(value))


def _halves(what: str, identity: str, times: int) -> Iterator[Told]:
    """An id by each of its halves: one flipped bit leaves the other half, by which the copies are found together."""
    for half in (identity[:32], identity[32:]) * times:
        yield (f"{what}'s id", half), identity


def _network(ids: tuple[str, ...], record: dict[str, Any]) -> Iterator[Told]:
    own = ids[-1]
    yield ("name", own), _text(record.get("name"))
    infos = _objects(record.get("ipamV4Info"))
    for info in infos:
        data = _loaded(info.get("IPAMData"))
        space, _, pool = _text(info.get("PoolID")).partition("/")
        yield ("gateway", own), _text(data.get("Gateway"))
        yield ("subnet", own), _text(data.get("Pool"))
        yield ("subnet", own), pool
        yield ("address space", own), space
        yield ("address space", own), _text(data.get("AddressSpace"))
    if infos:
        yield ("address space", own), _text(record.get("addrSpace"))
    for asked in _objects(record.get("ipamV4Config")):
        if asked.get("PreferredPool"):
            yield ("subnet", own), _text(asked["PreferredPool"])


def _bridge(ids: tuple[str, ...], record: dict[str, Any]) -> Iterator[Told]:
    own, name = ids[-1], _text(record.get("BridgeName"))
    yield ("gateway", own), _text(record.get("AddressIPv4"))
    if record.get("DefaultBridge") is False and name.startswith("br-"):
        yield ("interface", own), name
        # Nobody names one so by hand but for one letter.
        yield from [(("interface", own), f"br-{own[:12]}")] * 2


def _endpoint(ids: tuple[str, ...], record: dict[str, Any]) -> Iterator[Told]:
    own, found = ids[-1], record.get("ep_iface")
    yield from _interface(own, found, ("addr", "mac", "srcName"))
    yield ("network", own), ids[0]
    yield ("sandbox", own), _text(record.get("sandbox"))
    if isinstance(found, dict) and found.get("v4PoolID"):
        yield ("subnet", ids[0]), _text(found["v4PoolID"]).partition("/")[2]


def _bridge_endpoint(ids: tuple[str, ...], record: dict[str, Any]) -> Iterator[Told]:
    own = ids[-1]
    yield from _interface(own, record, ("Addr", "MacAddress", "SrcName"))
    yield ("network", own), _text(record.get("nid"))
    for mapping in _objects(record.get("PortMapping")):
        if ":" not in _text(mapping.get("IP")):
            yield ("address", f"{own} bare"), _text(mapping.get("IP"))


def _sandbox(ids: tuple[str, ...], record: dict[str, Any]) -> Iterator[Told]:
    yield from _halves("container", _text(record.get("Cid")), 1)
    for joined in _objects(record.get("Eps")):
        endpoint = _text(joined.get("Eid"))
        yield from _halves("endpoint", endpoint, 1)
        yield ("network", endpoint), _text(joined.get("Nid"))
        yield ("sandbox", endpoint), ids[-1]


_TOLD: dict[str, Callable[[tuple[str, ...], dict[str, Any]], Iterator[Told]]] = {
    "network": _network,
    "bridge": _bridge,
    "endpoint": _endpoint,
    "bridge-endpoint": _bridge_endpoint,
    "sandbox": _sandbox,
}


def _interface(own: str, found: Any, keys: tuple[str, str, str]) -> Iterator[Told]:
    told = found if isinstance(found, dict) else {}
    for what, key in zip(("address", "MAC address", "interface"), keys, strict=True):
        if key in told:
            yield (what, own), _text(told[key])
    yield ("address", f"{own} bare"), _text(told.get(keys[0])).partition("/")[0]


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


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

"""Validates records of libnetwork's store as the engine decodes them at its start.

Go's ``encoding/json`` rejects any syntax error, and the engine's own decoders then assert types and parse addresses: a
key that is missing or of another type is a panic. Sources: moby libnetwork/network.go, endpoint.go, endpoint_info.go,
sandbox_store.go, endpoint_cnt.go, driverapi/ipamdata.go, drivers/{bridge,macvlan,ipvlan}/*_store.go, v26.1.5.
"""

from doctor.engines.docker import places as docker
from doctor.formats.images.oci_digest import is_hex64
from doctor.formats.json_safe import load
from doctor.formats.network.libnetwork_shapes import SHAPES, SOFT
from doctor.formats.network.libnetwork_values import is_slip, network_identity, sandbox_identity
from doctor.model.errors import FormatError

PREFIX = docker.NETWORK_KEYS
INDEX_BYTES = 8
"""A value is the record's index, eight bytes, then JSON (moby libnetwork/internal/kvstore/boltdb)."""

KINDS = frozenset(SHAPES)
"""Known kinds of record."""

_ID_KEYS = {"endpoint_count": "", "sandbox": "ID", "bridge": "ID", "macvlan/network": "ID", "ipvlan/network": "ID"}


def parts(key: bytes) -> tuple[str, tuple[str, ...]]:
    """The kind and the ids of a key; ("", ()) for a key that is not a record's.

    The macvlan and ipvlan drivers keep their networks and endpoints below a name of their own: their kinds are two words.

    >>> parts(b"docker/network/v1.0/endpoint/aa/bb/")
    ('endpoint', ('aa', 'bb'))
    >>> parts(b"docker/network/v1.0/macvlan/network/aa/")
    ('macvlan/network', ('aa',))
    """
    text = key.decode("latin-1")
    if not text.startswith(PREFIX):
        return "", ()
    kind, *ids = text.removeprefix(PREFIX).strip("/").split("/")
    if ids and f"{kind}/{ids[0]}" in KINDS:
        return f"{kind}/{ids[0]}", tuple(ids[1:])
    return kind, tuple(ids)


def names_ids(kind: str, ids: tuple[str, ...]) -> bool:
    """Whether a key of this kind has the right number of ids."""
    if kind == "endpoint":
        return len(ids) == 2 and network_identity(ids[0]) and is_hex64(ids[1])
    return len(ids) == 1 and (sandbox_identity(ids[0]) if kind == "sandbox" else network_identity(ids[0]))


def flaw(kind: str, ids: tuple[str, ...], data: bytes, *, strict: bool = False) -> str:
    """The fault of a record (without its index) for the engine, "" for none.

    ``strict``: any key that no known engine writes is wrong too, even if it is not one bit away from a known one.

    >>> flaw("endpoint_count", ("0" * 64,), b'{"Count":0}'), flaw("endpoint_count", ("0" * 64,), b'{"Count":p}')
    ('', 'not JSON: expecting value at line 1, column 10')
    """
    try:
        data.decode()
        record = load(data)
    except UnicodeDecodeError:
        return "it contains bytes that are not UTF-8, which Go never writes"
    except FormatError as error:
        return str(error)
    if not isinstance(record, dict):
        return "not a JSON object"
    required, shape = SHAPES[kind]
    for name in required:
        if name not in record:
            return f"it has no {name!r}"
    for name, value in record.items():
        if name not in shape:
            if strict or is_slip(name, shape, record):
                return f"it has a key {name!r} that no engine writes"
        elif not shape[name](value, strict):
            return f"{name!r} is not what the engine writes"
    named = record.get(_ID_KEYS.get(kind, "id"), ids[-1])
    return "" if named == ids[-1] else f"it names another record: {str(named)[:64]!r}"


_LENIENT = frozenset({"ep_iface", "joinInfo", "exposed_ports", "sandbox", "svcAliases", "dnsNames", "myAliases"})


def is_refused(kind: str, ids: tuple[str, ...], data: bytes) -> bool:
    """Whether the engine fails on a flawed record, or miscounts its dependants, instead of reading a different
    value.
    """
    try:
        record = load(data)
    except FormatError:
        return True
    if not isinstance(record, dict):
        return True
    required, shape = SHAPES[kind]
    if any(name not in record for name in required) or record.get(_ID_KEYS.get(kind, "id"), ids[-1]) != ids[-1]:
        return True
    wrong = [name for name, value in record.items() if name in shape and not shape[name](value, False)]
    return any(
        not (isinstance(record[name], str) and shape[name] in SOFT) and not (kind == "endpoint" and name in _LENIENT)
        for name in wrong
    )
